"""Frames from whatever FFmpeg reads: files, pipes, network streams, cameras, test patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any

import av

from movinet.errors import SourceError
from movinet.frames.clock import Clock, Sampler
from movinet.frames.frame import Frame, Source
from movinet.frames.orientation import Orientation, orientation_of, upright_image
from movinet.frames.selection import PacketSelector

if TYPE_CHECKING:
    from movinet.frames.selection import Packet

# After so many damaged packets in a row nothing good is coming any more.
_HOPELESS = 200
# Seconds before the start to look for a picture to begin decoding at, one after the other: FFmpeg
# seeks by decoding times, and in some formats to any packet.
_MARGINS = (0, 1, 5, 20)


class ContainerSource(Source):
    """A container with a video stream, read through PyAV.

    With `fps`, only the frames that the sampling takes are converted; packets whose frames nobody
    takes and no other frame refers to are not even decoded. The answers are those of decoding
    everything.
    """

    def __init__(
        self,
        name: str,
        target: Any,  # noqa: ANN401 (a path, an address or a file object)
        *,
        container_format: str | None = None,
        options: Mapping[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
        live: bool = False,
        seekable: bool = True,
        fps: Fraction | None = None,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int | None = None,
    ) -> None:
        self.name = name
        self.live = live
        self._target = target
        self._format = container_format
        self._options = dict(options or {})
        # For the decoder. FFmpeg's probing decodes too, and is told by the container.
        self._limits = {} if max_pixels is None else {"max_pixels": str(max_pixels)}
        self._timeout = timeout
        self._seekable = seekable and not live
        self._fps = fps
        self._start = start
        self._end = end
        self._closed = False
        self._open()
        if self._container.duration is not None and not live:
            self.duration = Fraction(self._container.duration, av.time_base)

    def _open(self) -> None:
        try:
            self._container = av.open(
                self._target,
                format=self._format,
                options={**self._options, **self._limits},
                timeout=self._timeout,
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise SourceError(f"cannot read {self.name}: {_reason(error)}") from error
        try:
            self._stream = self._pick_stream()
        except BaseException:
            self._container.close()
            raise
        # One thread: two gained nothing here (2.9 s against 2.9 s for a minute of 720p, and a
        # quarter more CPU time), hold live pictures back, and report damage late.
        self._stream.thread_type = "NONE"
        if self._limits:
            self._stream.codec_context.options = dict(self._limits)
        # AVI has no presentation times. Those that FFmpeg makes up are wrong where H.264 reorders
        # pictures; the decoding times are right but for a constant delay.
        self._made_up_times = self._container.format.name == "avi" and (
            self._stream.codec_context.name in ("h264", "hevc")
        )
        # A camera that sends one JPEG after the other says of none when it was taken.
        self._by_arrival = self.live and self._container.format.name == "mpjpeg"

    def _pick_stream(self) -> av.VideoStream:
        reason = "not a video (no video stream)"
        stream: av.VideoStream
        for stream in self._container.streams.video:
            # Cover art in music files is a video stream with one picture.
            if stream.disposition & av.stream.Disposition.attached_pic:
                continue
            if stream.codec_context:  # None where there is no decoder, whatever its type says
                return stream
            reason = "no decoder for its kind of video"
        raise SourceError(f"cannot read {self.name}: {reason}")

    def close(self) -> None:
        """Let go of the file or device."""
        self._closed = True
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order of time."""
        size: tuple[int, int] | None = None
        index = 0
        for picture, time in self.pictures():
            if (picture.width, picture.height) != size:
                # The display matrix is the stream's; only a new stream in it would bring another.
                size = picture.width, picture.height
                orientation = orientation_of(picture)
                aspect = self.sample_aspect_ratio(orientation)
            try:
                image = upright_image(picture, orientation)
            except (av.error.FFmpegError, ValueError, MemoryError):
                self.damaged_packets += 1
                continue
            yield Frame(image, time, index, aspect)
            index += 1

    def pictures(self) -> Iterator[tuple[av.VideoFrame, Fraction]]:
        """What the frames are made of: pictures as they are coded, and their seconds."""
        if self._closed:  # FFmpeg would crash
            raise SourceError(f"cannot read {self.name}: it is closed")
        base = self.tick
        # The average is a guess of 25 where there are no timestamps.
        rate = self._stream.guessed_rate or self._stream.average_rate or Fraction(25)
        zero = self._zero(base)
        clock = Clock(max(1, round(1 / (rate * base))), 1)
        sampler = Sampler(self._fps, base) if self._fps is not None else None
        self._seek(base, zero)
        first: int | None = None
        last: int | None = None
        for picture in self._pictures(sampler, base, zero):
            ticks = int(clock.read(self._stamp(picture)))
            self.mended_times = clock.mended
            if zero is None:
                zero = ticks
            if first is None and self._start is not None:
                first = zero + ceil(self._start / base)
            if last is None and self._end is not None:
                last = zero + ceil(self._end / base)
            if first is not None and ticks < first:
                continue
            if last is not None and ticks >= last:
                return
            if sampler is not None and not sampler.takes(ticks):
                continue
            yield picture, (ticks - zero) * base

    @property
    def tick(self) -> Fraction:
        """Seconds that all times are multiples of."""
        return Fraction(self._stream.time_base or Fraction(1, 90_000))

    @property
    def frame_length(self) -> Fraction:
        """Seconds of a frame, in the mean."""
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        return 1 / Fraction(rate)

    @property
    def frame_count(self) -> int | None:
        """How many frames there are, where the file says so."""
        return self._stream.frames or None

    def sample_aspect_ratio(self, orientation: Orientation) -> Fraction:
        """Width of a pixel over its height, once its picture is upright."""
        aspect = self._stream.sample_aspect_ratio
        if not aspect:
            return Fraction(1)
        return 1 / Fraction(aspect) if orientation.lying else Fraction(aspect)

    def _zero(self, base: Fraction) -> int | None:
        """The tick that counts as second 0: where a player begins to show; None: first frame."""
        if self.live or self._container.start_time is None:
            return None
        return round(Fraction(self._container.start_time, av.time_base) / base)

    def _seek(self, base: Fraction, zero: int | None) -> None:
        """Go to where decoding gives the frame at the start and all behind it.

        Where that fails, everything before the start is read and dropped.
        """
        if not self._start or not self._seekable or zero is None:
            return
        start = zero + ceil(self._start / base)
        for margin in _MARGINS:
            target = start - int(margin / base)
            if target <= zero:
                break
            try:
                self._container.seek(target, stream=self._stream, backward=True)
                picture = next(self._container.decode(self._stream))
                ticks = self._stamp(picture)
                if ticks is not None and ticks <= start:
                    self._container.seek(target, stream=self._stream, backward=True)
                    return
            except (av.error.FFmpegError, OSError, StopIteration):
                continue
        # A failed attempt may have read up to the end.
        self._container.close()
        if hasattr(self._target, "seek"):
            self._target.seek(0)
        self._open()

    def _stamp(self, picture: av.VideoFrame) -> int | None:
        if self._by_arrival:
            return round(Fraction(self.arrived) / Fraction(self._stream.time_base or 1))
        return picture.dts if self._made_up_times else picture.pts

    def _pictures(
        self, sampler: Sampler | None, base: Fraction, zero: int | None
    ) -> Iterator[av.VideoFrame]:
        """Decoded pictures in order of time; some of those that are not needed are left out."""
        if sampler is None or self._made_up_times or self._by_arrival:
            for packet in self._packets():
                yield from self._decode(packet, None)
            return
        first = None
        if self._start is not None and zero is not None:
            first = int(self._start / base) + zero
        selector = PacketSelector(sampler, first)
        context = self._stream.codec_context
        # Where every frame stands alone (MJPEG, GIF and the like) whole packets can go.
        alone = context.codec.intra_only
        skipping = False
        for packet in self._packets():
            ready = selector.flush() if packet.size == 0 else selector.add(packet)
            for chosen, needed in ready:
                if not needed and alone:
                    continue
                if skipping is needed:
                    # The decoder itself knows which frames no other one refers to.
                    context.skip_frame = "DEFAULT" if needed else "NONREF"
                    skipping = not needed
                yield from self._decode(chosen, selector)
            if packet.size == 0:
                context.skip_frame = "DEFAULT"
                yield from self._decode(packet, None)

    def _packets(self) -> Iterator[Packet]:
        """The video packets, and an empty one at the end."""
        failures = 0
        demuxer = self._container.demux(self._stream)
        while not self._closed:
            try:
                packet = next(demuxer)
            except StopIteration:
                return
            except av.error.InvalidDataError:
                self.damaged_packets += 1
                failures += 1
                if failures > _HOPELESS:
                    self.ended_early = "too many damaged packets in a row"
                    return
                demuxer = self._container.demux(self._stream)
            except (av.error.FFmpegError, OSError) as error:
                self.ended_early = _reason(error)
                return
            else:
                failures = 0
                if self.live:
                    self.arrived = monotonic()
                yield packet

    def _decode(self, packet: Packet, selector: PacketSelector | None) -> Iterator[av.VideoFrame]:
        try:
            pictures = packet.decode()
        except (av.error.FFmpegError, ValueError):
            self.damaged_packets += 1
            if selector is not None:
                selector.distrust()
            return
        for picture in pictures:
            if isinstance(picture, av.VideoFrame):
                yield picture


def _reason(error: BaseException) -> str:
    """What a person needs to know of an error from FFmpeg or the system."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
        return "not a video, or damaged beyond reading"
    if isinstance(error, av.error.ExitError):
        return "no answer in time"
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split())
