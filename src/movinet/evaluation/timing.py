"""Steps of several models in turns, so that what else the machine does falls on all alike.

A round goes through the models again and again, a block of 25 steps each, of which the first five
are dropped: they bring the model's weights back into the processor's cache. The figures are medians
over the rounds, and ratios are taken within a round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import numpy as np

from movinet.evaluation.pinning import pinned
from movinet.frames import Image
from movinet.runtime import State, StepModel, StepTimes, TimedModel

BLOCK, DROPPED, ROUNDS = 25, 5, 3
COUNTED = BLOCK - DROPPED


class Lane:
    """One model that takes part, with a stream of its own."""

    def __init__(self, model: StepModel, images: Sequence[Image], threads: int = 1) -> None:
        """`images`: frames `[H, W, 3]` of the model's size, shown over and over."""
        self.model = model
        self.threads = threads
        self._images = images
        self._state: State = model.initial_state()
        self._number = 0

    def block(self) -> list[float]:
        """Seconds of each counted step of a block."""
        seconds = []
        with pinned(self.threads):
            for _ in range(BLOCK):
                image = self._next()
                begin = perf_counter()
                _, self._state = self.model.step(image, self._state)
                seconds.append(perf_counter() - begin)
        return seconds[DROPPED:]

    def timed_block(self) -> list[StepTimes]:
        """The parts of each counted step of a block; none where the backend cannot tell."""
        if not isinstance(self.model, TimedModel):
            return []
        parts = []
        with pinned(self.threads):
            for _ in range(BLOCK):
                _, self._state, times = self.model.timed_step(self._next(), self._state)
                parts.append(times)
        return parts[DROPPED:]

    def _next(self) -> Image:
        self._number += 1
        return self._images[self._number % len(self._images)]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a step takes, in seconds.

    Attributes:
        p50, p90: half and nine tenths of the steps are as fast as that or faster.
        ratio: p50 over that of the first model.
        parts: medians of a step's parts; None where the backend cannot tell.
    """

    p50: float
    p90: float
    ratio: float
    parts: StepTimes | None


@dataclass(slots=True)
class _Tally:
    """What is known of one lane so far: a figure a round."""

    p50: list[float] = field(default_factory=list)
    p90: list[float] = field(default_factory=list)
    parts: list[StepTimes] = field(default_factory=list)


def take_turns(
    lanes: Sequence[Lane],
    *,
    steps: int = 100,
    rounds: int = ROUNDS,
    progress: Callable[[float], None] | None = None,
) -> list[Timing]:
    """Time every lane.

    Args:
        lanes: the models; the first is what the others are compared with.
        steps: counted steps of each model in each round, rounded up to whole blocks of 20.
        rounds: how many.
        progress: called between blocks with how much is done, 0 to 1.
    """
    blocks = -(-steps // COUNTED)
    tallies = [_Tally() for _ in lanes]
    done, total = 0, len(lanes) * (1 + rounds * (blocks + 1))

    def advance() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done / total)

    for lane in lanes:  # warm up
        lane.block()
        advance()
    for _ in range(rounds):
        seconds: list[list[float]] = [[] for _ in lanes]
        for _ in range(blocks):
            for lane, mine in zip(lanes, seconds, strict=True):
                mine += lane.block()
                advance()
        for lane, mine, tally in zip(lanes, seconds, tallies, strict=True):
            tally.p50.append(float(np.percentile(mine, 50)))
            tally.p90.append(float(np.percentile(mine, 90)))
            tally.parts += lane.timed_block()
            advance()
    first = tallies[0].p50 if tallies else []
    return [
        Timing(
            median(tally.p50),
            median(tally.p90),
            median(mine / other for mine, other in zip(tally.p50, first, strict=True)),
            StepTimes(*map(median, zip(*tally.parts, strict=True))) if tally.parts else None,
        )
        for tally in tallies
    ]
