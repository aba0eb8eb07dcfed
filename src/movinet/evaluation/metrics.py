"""Figures of a classifier from what it said: rates, confusion, calibration. NumPy only.

Throughout, `scores` is `[clips, classes]` float, each row adding up to 1, and `truth` `[clips]` the
index of the right class. Among equal scores the lower index counts as said first, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

BINS = 10
# The smallest ordinary float32: a score of 0 would make the likelihood of all clips 0.
_LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class.

    Attributes:
        label: its label.
        clips: how many clips show it.
        said: how often it was said.
        right: how often it was said rightly.
    """

    label: str
    clips: int
    said: int
    right: int

    @property
    def precision(self) -> float | None:
        """How often it was right when it was said; None when it never was."""
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """How often it was said when it was right; None when no clip shows it."""
        return self.right / self.clips if self.clips else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both: 2 right / (clips + said); None when both are 0."""
        both = self.clips + self.said
        return 2 * self.right / both if both else None


@dataclass(frozen=True, slots=True)
class Bin:
    """The clips whose best score is above `low` and at most `high` (0 itself is in the first).

    Attributes:
        low, high: bounds of the score.
        clips: how many.
        score: the mean of their best scores; None without any.
        accuracy: how many of them were right, 0 to 1; None without any.
    """

    low: float
    high: float
    clips: int
    score: float | None
    accuracy: float | None


def ranks(scores: Floats, truth: Integers) -> Integers:
    """`[clips]`: how many classes come before the right one; 0 is a right first guess."""
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    before = np.arange(scores.shape[1])[None, :] < truth[:, None]
    answer: Integers = ((scores > own) | ((scores == own) & before)).sum(axis=1)
    return answer


def top_k(scores: Floats, truth: Integers, count: int) -> float:
    """Share of the clips whose right class is among the first `count`."""
    return float(np.mean(ranks(scores, truth) < count))


def confusion_matrix(truth: Integers, said: Integers, classes: int) -> Integers:
    """`[classes, classes]`: rows are the truth, columns what was said."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (truth, said), 1)
    return matrix


def class_figures(confusion: Integers, labels: Sequence[str]) -> list[ClassFigures]:
    """The figures of each class of a confusion matrix."""
    clips, said, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    return [
        ClassFigures(*row)
        for row in zip(labels, clips.tolist(), said.tolist(), right.tolist(), strict=True)
    ]


def mean_class_accuracy(confusion: Integers) -> float:
    """The mean recall of the classes that are there."""
    clips = confusion.sum(axis=1)
    there = clips > 0
    return float(np.mean(confusion.diagonal()[there] / clips[there]))


def most_confused(confusion: Integers, count: int) -> list[tuple[int, int, int]]:
    """Pairs (truth, said, clips) of different classes, the most frequent first."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(order, wrong.shape)
    pairs = zip(rows.tolist(), columns.tolist(), wrong[rows, columns].tolist(), strict=True)
    return [pair for pair in pairs if pair[2]]


def reliability(scores: Floats, truth: Integers, bins: int = BINS) -> list[Bin]:
    """Clips by their best score, in bins of equal width: how sure, and how often right."""
    best = scores.max(axis=1).astype(np.float64)
    right = scores.argmax(axis=1) == truth
    # A best score of exactly k / bins belongs below that bound.
    places = np.clip(np.ceil(best * bins).astype(np.int64) - 1, 0, bins - 1)
    found = []
    for place in range(bins):
        inside = places == place
        count = int(inside.sum())
        found.append(
            Bin(
                place / bins,
                (place + 1) / bins,
                count,
                float(best[inside].mean()) if count else None,
                float(right[inside].mean()) if count else None,
            )
        )
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: |score - accuracy|, averaged over the clips."""
    total = sum(bin.clips for bin in bins)
    return (
        sum(
            bin.clips * abs(bin.score - bin.accuracy)
            for bin in bins
            if bin.score is not None and bin.accuracy is not None
        )
        / total
    )


def negative_log_likelihood(scores: Floats, truth: Integers) -> float:
    """The mean of -ln(score of the right class); a score of 0 counts as the least float32."""
    own = np.take_along_axis(scores, truth[:, None], axis=1).astype(np.float64)
    return float(-np.log(np.maximum(own, _LEAST)).mean())
