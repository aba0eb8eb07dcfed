"""What a stream answers: `Category`, `Prediction`, `Event`, and `Summary` for a whole video."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from movinet.errors import UsageError
from movinet.models import ModelInfo
from movinet.runtime import FloatArray


@dataclass(frozen=True, slots=True)
class Category:
    """One class with its score (0..1), as in TFLite and MediaPipe."""

    label: str
    index: int
    score: float


def softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Scores that add up to 1, for logits of any size.

    `[classes]` float32 in and out.
    """
    scaled = logits - logits.max()
    if temperature != 1.0:
        scaled /= np.float32(temperature)
    scores: FloatArray = np.exp(scaled, out=scaled)
    scores /= scores.sum()
    return scores


def top_categories(
    scores: FloatArray,
    info: ModelInfo,
    count: int,
    *,
    threshold: float = 0.0,
    among: frozenset[int] | None = None,
) -> list[Category]:
    """The best classes, best first; equal scores in the order of the classes.

    Args:
        scores: `[classes]`.
        info: the model, for its labels.
        count: how many at most.
        threshold: leave out lower scores.
        among: consider only these class indices; None: all.
    """
    if count < 1:
        raise UsageError(f"top must be 1 or more, not {count}")
    # A stable sort of the negative keeps the lower index first among equals.
    order = np.argsort(-scores, kind="stable")
    chosen: list[Category] = []
    for index in order.tolist():
        score = float(scores[index])
        if len(chosen) == count or score < threshold:
            break
        if among is None or index in among:
            chosen.append(Category(info.label(index), index, score))
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a stream says after one frame.

    Attributes:
        time: seconds, of the frame; exact.
        index: how many frames the model had seen before this one since the stream began.
        scores: `[classes]` float32, adding up to 1; they speak of the frames within the horizon.
        info: the model's contract.
        embedding: `[channels]` float32, the pooled feature; None unless the stream was asked
            for it.
        memory: how many frames the scores speak of: no more than the horizon, and fewer while a
            stream, or what it shows, is new.
    """

    time: Fraction
    index: int
    scores: FloatArray = field(repr=False)
    info: ModelInfo = field(repr=False)
    embedding: FloatArray | None = field(default=None, repr=False)
    memory: int = 1

    def top(
        self, count: int = 5, *, threshold: float = 0.0, among: frozenset[int] | None = None
    ) -> list[Category]:
        """The best classes, best first; see `top_categories`."""
        return top_categories(self.scores, self.info, count, threshold=threshold, among=among)


@dataclass(frozen=True, slots=True)
class Event:
    """One action from its beginning to its end.

    Attributes:
        label: of the class.
        index: of the class.
        start: seconds.
        end: seconds; None while it goes on.
        peak: the highest score (0..1) so far.
    """

    label: str
    index: int
    start: Fraction
    end: Fraction | None
    peak: float


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """A whole video.

    Attributes:
        scores: `[classes]` float32: those of the last prediction when the video was no longer
            than the horizon, else the mean over all predictions that speak of a whole horizon.
        frames: how many frames the model was given.
        duration: seconds from the beginning to the last frame read, or as the file says.
        damaged_packets: how many could not be decoded.
        mended_times: how many missing or backward timestamps were replaced.
        ended_early: why the video ended before its end, where it did.
        info: the model's contract.
        embedding: the pooled feature after the last frame; None where the model gives none.
        events: what began and ended in it, in the order of their ends; empty unless the model was
            loaded with `events`.
    """

    scores: FloatArray = field(repr=False)
    frames: int
    duration: Fraction | None
    damaged_packets: int
    mended_times: int
    ended_early: str | None
    info: ModelInfo = field(repr=False)
    embedding: FloatArray | None = field(default=None, repr=False)
    events: tuple[Event, ...] = ()

    def top(
        self, count: int = 5, *, threshold: float = 0.0, among: frozenset[int] | None = None
    ) -> list[Category]:
        """The best classes, best first; see `top_categories`."""
        return top_categories(self.scores, self.info, count, threshold=threshold, among=among)
