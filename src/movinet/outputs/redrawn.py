"""The pictures of a video, written again with marks on them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av

from movinet.frames.container import ContainerSource
from movinet.frames.orientation import orientation_of
from movinet.outputs.marks import Marks
from movinet.outputs.overlay import Colours, planes_of, upright_copy
from movinet.outputs.timeline import span
from movinet.outputs.track import Track

if TYPE_CHECKING:
    from movinet.outputs.fonts import Typeface

_ENCODER = {"preset": "veryfast", "crf": "20"}
_PART, _ALL = 1, 2  # FFmpeg's numbers: black is 16, or 0


class Redrawn:
    """A stream of H.264 in `target`, as the first picture of `source` asks for."""

    def __init__(
        self,
        source: ContainerSource,
        picture: av.VideoFrame,
        track: Track,
        target: av.container.OutputContainer,
        face: Typeface,
    ) -> None:
        self._target, self._tick, self._length = target, source.tick, source.frame_length
        self._size = picture.width, picture.height
        self._orientation = orientation_of(picture)
        upright = upright_copy(picture, self._orientation)
        aspect = source.sample_aspect_ratio(self._orientation)
        colours = Colours.of(picture)
        self._stream = target.add_stream("libx264", rate=1 / self._length, options=_ENCODER)
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = upright.width, upright.height, "yuv420p"
        context.time_base = self._stream.time_base = self._tick
        context.sample_aspect_ratio = aspect
        context.colorspace = colours.matrix
        context.color_range = _ALL if colours.full else _PART
        if not picture.format.is_rgb:
            context.color_primaries = picture.color_primaries
            context.color_trc = picture.color_trc
        # In ticks: the first and the last picture, how long each is, and the first to be decoded.
        self._first = self._last = self._last_length = 0
        self._lengths: dict[int, int] = {}
        self._decoded: int | None = None
        self._count = 0
        self._waiting: av.Packet[av.VideoStream] | None = None
        self._marks = Marks(
            track,
            upright.width,
            upright.height,
            aspect=aspect,
            seconds=max(float(source.duration or 0), span(track)[1]),
            colours=colours,
            face=face,
        )

    def add(self, picture: av.VideoFrame, time: Fraction) -> None:
        """The next picture."""
        if (picture.width, picture.height) != self._size:
            picture = picture.reformat(*self._size)
        copy = upright_copy(picture, self._orientation)
        self._marks.onto(planes_of(copy), time)
        copy.pts, copy.time_base = round(time / self._tick), self._tick
        if self._count:
            self._lengths[self._last] = copy.pts - self._last
        else:
            self._first = copy.pts
        self._count += 1
        length = (picture.duration or 0) * Fraction(picture.time_base or 0) or self._length
        self._last, self._last_length = copy.pts, round(length / self._tick)
        self._mux(self._stream.encode(copy))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._lengths[self._last] = self._last_length
        self._mux(self._stream.encode(None))
        if self._waiting is not None:
            packet, end = self._waiting, self._last + self._last_length
            # How long an MP4 is, is the sum of the times between packets in the order of decoding.
            if packet.dts is not None and self._decoded is not None:
                packet.duration = max(1, end - self._first - (packet.dts - self._decoded))
            self._target.mux(packet)

    def _mux(self, packets: list[av.Packet[av.VideoStream]]) -> None:
        """Write all but the last, whose length depends on whether more come."""
        for packet in packets:
            if self._decoded is None:
                self._decoded = packet.dts
            if packet.pts is not None:
                packet.duration = self._lengths.pop(packet.pts, 0)
            if self._waiting is not None:
                self._target.mux(self._waiting)
            self._waiting = packet
