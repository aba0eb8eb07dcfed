"""`Pace`: which frames a stream takes, told by their times alone."""

from __future__ import annotations

from fractions import Fraction

from movinet.frames import Clock, Sampler

_TICK = Fraction(1, 1_000_000)


class Pace:
    """The first frame in each interval of a frame rate, and everything anew after a long gap.

    It needs no picture, so that frames that are not taken need never be decoded.
    """

    def __init__(self, fps: Fraction, horizon: int | None) -> None:
        """Prepare.

        Args:
            fps: frames per second to take.
            horizon: frames that make a gap, when none comes for as long as they last; None: there
                is no gap.
        """
        self._fps = fps
        self._gap = None if horizon is None else horizon / fps
        self.reset()

    def reset(self) -> None:
        """As if no frame had come."""
        self._clock, self._sampler = Clock(1 / self._fps, _TICK), Sampler(self._fps)
        self._last: Fraction | None = None

    def take(self, time: Fraction, *, chosen: bool = False) -> tuple[Fraction | None, bool]:
        """Look at the time of the next frame.

        Args:
            time: seconds.
            chosen: it is taken whatever its time.

        Returns:
            Its seconds, mended so that they increase; None when it is not taken. And whether
            everything begins anew with it.
        """
        moment = self._clock.read(time)
        last, gap = self._last, self._gap
        anew = gap is not None and last is not None and moment - last > gap
        if anew:
            self.reset()
            moment = self._clock.read(time)
        self._last = moment = Fraction(moment)
        return moment if chosen or self._sampler.takes(moment) else None, anew
