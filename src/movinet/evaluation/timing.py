"""Steps of several models in turns, so that what else the machine does falls on all alike.

A round goes through the models again and again, a block of 25 steps each, of which the first five
are dropped: they bring the model's weights back into the processor's cache. The figures are medians
over the rounds, and ratios are taken within a round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from movinet.evaluation.pinning import pinned
from movinet.frames import Image
from movinet.runtime import State, StepModel, StepTimes, TimedModel

BLOCK, DROPPED, ROUNDS = 25, 5, 3
COUNTED = BLOCK - DROPPED


# Seconds of a step, then those of its parts where they are known.
Sample = tuple[float, ...]


class Lane:
    """One model that takes part, with a stream of its own."""

    def __init__(self, model: StepModel, images: Sequence[Image], threads: int = 1) -> None:
        """`images`: frames `[H, W, 3]` of the model's size, shown over and over."""
        self.model = model
        self.threads = threads
        self._images = images
        self._state: State = model.initial_state()
        self._number = 0

    def block(self) -> list[Sample]:
        """The counted steps of a block.

        The clock within a step costs half a microsecond, so that parts and whole can be of the same
        steps.
        """
        samples: list[Sample] = []
        model = self.model
        with pinned(self.threads):
            if isinstance(model, TimedModel):
                for _ in range(BLOCK):
                    image = self._next()
                    begin = perf_counter()
                    _, self._state, parts = model.timed_step(image, self._state)
                    samples.append((perf_counter() - begin, *parts))
            else:
                for _ in range(BLOCK):
                    image = self._next()
                    begin = perf_counter()
                    _, self._state = self.model.step(image, self._state)
                    samples.append((perf_counter() - begin,))
        return samples[DROPPED:]

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
    done, total = 0, len(lanes) * (1 + rounds * blocks)

    def block(lane: Lane) -> list[Sample]:
        nonlocal done
        samples = lane.block()
        done += 1
        if progress is not None:
            progress(done / total)
        return samples

    for lane in lanes:  # warm up
        block(lane)
    # [lane][round][p50, p90, parts...]
    figures: list[list[Sample]] = [[] for _ in lanes]
    for _ in range(rounds):
        samples: list[list[Sample]] = [[] for _ in lanes]
        for _ in range(blocks):
            for lane, mine in zip(lanes, samples, strict=True):
                mine += block(lane)
        for mine, rows in zip(samples, figures, strict=True):
            whole, *parts = zip(*mine, strict=True)
            p50, p90 = np.percentile(whole, (50, 90)).tolist()
            rows.append((p50, p90, *map(median, parts)))
    return [_timing(rows, figures[0]) for rows in figures]


def _timing(rounds: Sequence[Sample], first: Sequence[Sample]) -> Timing:
    """The medians over the rounds of one lane, given those of the first."""
    p50, p90, *parts = map(median, zip(*rounds, strict=True))
    ratio = median(mine[0] / other[0] for mine, other in zip(rounds, first, strict=True))
    return Timing(p50, p90, ratio, StepTimes(*parts) if parts else None)
