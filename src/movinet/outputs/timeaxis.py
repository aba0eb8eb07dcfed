"""The axis of time: where a second lies, and how times are written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

_STEPS = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
    43_200, 86_400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Seconds `low` to `high` at pixels `left` to `right`."""

    low: float
    high: float
    left: float
    right: float

    def x(self, seconds: float) -> float:
        """Where a time lies; never beyond the ends."""
        share = (seconds - self.low) / (self.high - self.low)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def ticks(self, apart: float) -> Iterator[tuple[float, str]]:
        """Round times with how they are written, `apart` pixels from each other at least."""
        least = (self.high - self.low) * apart / (self.right - self.left)
        step = next((step for step in _STEPS if step >= least), None)
        if step is None:
            step = 86_400 * math.ceil(least / 86_400)
        number = math.ceil(self.low / step - 1e-9)
        while number * step <= self.high:
            yield number * step, clock(number * step, 0 if step >= 1 else 1)
            number += 1


def clock(seconds: float, digits: int = 1) -> str:
    """Minutes and seconds, 1:02.5, with hours where there are any."""
    tens = 10**digits
    whole, rest = divmod(round(seconds * tens), tens)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
    return f"{text}.{rest:0{digits}}" if digits else text
