"""An axis of a diagram: values to places, and the round values to write beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDE = 8  # an axis whose values span more than that factor is logarithmic


@dataclass(frozen=True, slots=True)
class Axis:
    """Values to places between 0 and 1."""

    low: float
    high: float
    step: float
    logarithmic: bool

    @classmethod
    def of(cls, values: Sequence[float], *, from_zero: bool, most: float = math.inf) -> Axis:
        """An axis that holds `values`, with some air; `most` is the largest that can be."""
        least, largest = min(values), max(values)
        if from_zero and least > 0 and largest / least > WIDE:
            return cls(least / 1.3, largest * 1.3, 0, True)
        span = largest if from_zero else max(largest - least, 5.0)
        step = nice(max(span, 1e-9) / 5)
        low = 0.0 if from_zero else max(0.0, math.floor((least - span / 10) / step) * step)
        high = math.ceil((largest + span / 10) / step) * step
        return cls(low, max(min(high, most), low + step), step, False)

    def place(self, value: float) -> float:
        """Where a value lies, 0 to 1."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Round values and how to write them."""
        if self.logarithmic:
            for power in range(
                math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1
            ):
                for digit in (1, 2, 5):
                    value = digit * 10.0**power
                    if self.low <= value <= self.high:
                        yield value, f"{value:g}"
            return
        count = round((self.high - self.low) / self.step)
        for number in range(count + 1):
            value = self.low + number * self.step
            yield value, f"{value:.6g}"


def nice(value: float) -> float:
    """1, 2 or 5 times a power of ten, no less than `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= value * 0.999)
