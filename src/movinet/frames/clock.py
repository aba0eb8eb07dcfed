"""Times: exact numbers, mended clocks, and which frames a model's frame rate takes."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Integral, Real

from movinet.errors import UsageError

_MICROSECONDS = 1_000_000

Time = int | float | Fraction


def exact_seconds(time: Time) -> Fraction:
    """Seconds as a fraction; floats are rounded to the microsecond.

    Raises:
        UsageError: when `time` is no finite number.
    """
    number: object = time  # of any type that a caller may hand in, NumPy's numbers among them
    if isinstance(number, Fraction):
        return number
    if isinstance(number, Integral):
        return Fraction(int(number))
    if not isinstance(number, Real):
        raise UsageError(f"a time must be a number of seconds, not {number!r}")
    seconds = float(number)
    if not math.isfinite(seconds):
        raise UsageError(f"a time must be a finite number of seconds, not {seconds}")
    return Fraction(round(seconds * _MICROSECONDS), _MICROSECONDS)


class Clock:
    """Makes timestamps increase strictly, and counts how many it had to mend.

    A missing one becomes the one before plus a frame's length. One that goes back becomes the one
    before plus a tick; those behind it keep their distances to it until the clock has caught up,
    so that a clock set back leaves a seam of a tick and nothing else, and neither does a single
    wrong stamp.

    Times are numbers of any one unit: seconds as fractions, or ticks as integers.
    """

    def __init__(self, frame: Fraction | int, tick: Fraction | int) -> None:
        self.mended = 0
        self._frame = frame
        self._tick = tick
        self._last: Fraction | int | None = None
        self._offset: Fraction | int = 0

    def read(self, raw: Fraction | int | None) -> Fraction | int:
        """The time to use for a frame whose timestamp is `raw` (None: it has none)."""
        last = self._last
        if raw is None:
            self.mended += 1
            time = 0 if last is None else last + self._frame
        elif last is None or raw > last:
            time, self._offset = raw, 0
        else:
            time = raw + self._offset
            # Within a tick of the last time it has caught up, whatever the distance was before.
            if time <= last or raw > last - self._tick:
                time = last + self._tick
                if time - raw != self._offset:
                    self.mended += 1
                self._offset = time - raw
        self._last = time
        return time


class Sampler:
    """Takes the first frame in each interval [k/fps, (k+1)/fps), counted from the first frame.

    A source slower than `fps` gives each of its frames once and none twice.
    """

    def __init__(self, fps: Fraction, unit: Fraction = Fraction(1)) -> None:
        """`fps` in frames per second; times are in `unit` seconds (a stream's time base)."""
        rate = fps * unit
        self._numerator = rate.numerator
        self._denominator = rate.denominator
        self._origin: Fraction | int | None = None
        self._taken = -1

    @property
    def started(self) -> bool:
        """Whether a frame has been seen."""
        return self._origin is not None

    def interval(self, time: Fraction | int) -> int:
        """The number of the interval that `time` lies in; only once started."""
        assert self._origin is not None
        return int((time - self._origin) * self._numerator // self._denominator)

    def takes(self, time: Fraction | int) -> bool:
        """Whether the next frame, at `time`, is to be taken. Times must not decrease."""
        if self._origin is None:
            self._origin = time
        number = self.interval(time)
        if number <= self._taken:
            return False
        self._taken = number
        return True

    def wants(self, number: int) -> bool:
        """Whether interval `number` has no frame yet and may still get one."""
        return number > self._taken
