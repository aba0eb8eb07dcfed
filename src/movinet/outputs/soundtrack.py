"""The sound of a video, carried over into another."""

from __future__ import annotations

from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import av

if TYPE_CHECKING:
    Packet = av.Packet[Any]

# What players expect in these; Matroska holds anything.
_HELD = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le"},
}
_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000)


class Soundtrack:
    """All sound of a file: its packets as they are, or as AAC where the new file cannot hold them.

    It reads the file by itself, so that the pictures can be read in peace.
    """

    def __init__(self, path: str, target: av.container.OutputContainer) -> None:
        """Adds the streams to `target`, into which nothing may be written before."""
        self._file = av.open(f"file:{path}")
        self._target = target
        start = self._file.start_time
        self._zero = Fraction(start or 0, av.time_base)
        held = _HELD.get(target.format.name, target.supported_codecs)
        self._ways: dict[int, _Copy | _Transcode] = {}
        for stream in self._file.streams.audio:
            # None where there is no decoder, whatever its type says.
            if not stream.codec_context or not stream.codec_context.sample_rate:
                continue
            copied = stream.codec_context.codec.canonical_name in held
            self._ways[stream.index] = (_Copy if copied else _Transcode)(stream, target)
        streams = [self._file.streams[index] for index in self._ways]
        self._packets = self._file.demux(streams) if streams else iter(())
        self._waiting: Packet | None = None

    def until(self, time: Fraction | None) -> None:
        """Write all that sounds before `time` in seconds; None: all that is left."""
        while (packet := self._waiting or self._next()) is not None:
            self._waiting = None
            base = packet.time_base
            if (
                packet.pts is not None
                and time is not None
                and packet.pts * base - self._zero > time
            ):
                self._waiting = packet
                return
            way = self._ways[packet.stream.index]
            self._target.mux(way.packets(packet, self._zero))
        if time is None:
            for way in self._ways.values():
                self._target.mux(way.rest())

    def _next(self) -> Packet | None:
        """What comes next; None at the end, or where the file is damaged beyond reading."""
        try:
            return next((packet for packet in self._packets if packet.size), None)
        except av.error.FFmpegError:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class _Copy:
    def __init__(self, stream: av.AudioStream, target: av.container.OutputContainer) -> None:
        self._to = target.add_stream_from_template(stream)
        # Matroska has no times before 0: it would move the pictures on.
        self._last: int | None = -1 if target.format.name == "matroska" else None

    def packets(self, packet: Packet, zero: Fraction) -> list[Packet]:
        shift = round(zero / packet.time_base)
        if packet.pts is None or packet.dts is None:
            return []
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if self._last is not None and packet.dts <= self._last:  # no file may go back in time
            return []
        self._last = packet.dts
        packet.stream = self._to
        return [packet]

    def rest(self) -> list[Packet]:
        return []


class _Transcode:
    def __init__(self, stream: av.AudioStream, target: av.container.OutputContainer) -> None:
        context = stream.codec_context
        rate = context.sample_rate if context.sample_rate in _RATES else 48_000
        layout = "mono" if context.layout.nb_channels == 1 else "stereo"
        self._to = target.add_stream("aac", rate=rate, layout=layout)
        self._resampler = av.AudioResampler("fltp", layout, rate, frame_size=1024)

    def packets(self, packet: Packet, zero: Fraction) -> list[Packet]:
        try:
            frames: Any = packet.decode()
        except av.error.FFmpegError:  # damaged
            return []
        made: list[Packet] = []
        for frame in frames:
            if frame.pts is not None and frame.time_base:
                frame.pts -= round(zero / frame.time_base)
            made += self._encoded(self._resampler.resample(frame))
        return made

    def rest(self) -> list[Packet]:
        return [*self._encoded(self._resampler.resample(None)), *self._to.encode(None)]

    def _encoded(self, frames: list[av.AudioFrame]) -> list[Packet]:
        return [packet for frame in frames for packet in self._to.encode(frame)]
