"""Frames from arrays that the caller already has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from movinet.errors import UsageError
from movinet.frames.clock import Clock, Sampler, Time, exact_seconds
from movinet.frames.frame import Frame, Image, Source, check_image

Item = Image | tuple[Image, Time | None]
_TICK = Fraction(1, 1_000_000)


class ArraySource(Source):
    """Frames from an iterable of `[H, W, 3]` uint8 arrays, or of (array, seconds) pairs.

    Arrays without times are all taken, unless `source_fps` says how far apart they are.
    """

    live = True  # as far as anyone knows: they may come from a camera, and are never read ahead

    def __init__(
        self,
        items: Iterable[Item],
        *,
        fps: Fraction | None = None,
        source_fps: Fraction | None = None,
        start: Fraction | None = None,
        end: Fraction | None = None,
    ) -> None:
        self.name = "arrays"
        self.timed = source_fps is not None
        self._items = items
        self._fps = fps
        self._frame_length = 1 / (source_fps or fps or Fraction(30))
        self._start = start
        self._end = end

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order of time."""
        sampler = Sampler(self._fps) if self._fps is not None else None
        index = 0
        for image, time in self._timed():
            check_image(image)
            if self._start is not None and time < self._start:
                continue
            if self._end is not None and time >= self._end:
                return
            if self.timed and sampler is not None and not sampler.takes(time):
                continue
            yield Frame(image, time, index)
            index += 1

    def _timed(self) -> Iterator[tuple[Image, Fraction]]:
        clock = Clock(self._frame_length, _TICK)
        pairs: bool | None = None
        for number, item in enumerate(self._items):
            if pairs is None:
                pairs = isinstance(item, tuple)
                self.timed = self.timed or pairs
            if isinstance(item, tuple) != pairs:
                raise UsageError("either every array comes with a time or none does")
            if isinstance(item, tuple):
                image, raw = item
                time = Fraction(clock.read(None if raw is None else exact_seconds(raw)))
                self.mended_times = clock.mended
                yield image, time
            else:
                yield item, number * self._frame_length
