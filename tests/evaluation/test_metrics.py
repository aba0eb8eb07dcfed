"""The figures, against slow code that says plainly what each of them is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.evaluation import metrics


@st.composite
def answers(draw):
    """Scores and truth; in coarse steps, so that many are equal."""
    clips, classes = draw(st.integers(1, 30)), draw(st.integers(1, 8))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    weights = random.integers(1, draw(st.sampled_from([2, 4, 100])) + 1, (clips, classes))
    scores = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return scores, random.integers(0, classes, clips)


def ordered(row) -> list[int]:
    """Classes, best first; of equals the lower index."""
    return sorted(range(len(row)), key=lambda index: (-row[index], index))


@given(answers())
def test_ranks_and_top_k(given):
    scores, truth = given
    places = [ordered(row).index(right) for row, right in zip(scores, truth, strict=True)]
    assert metrics.ranks(scores, truth).tolist() == places
    for count in (1, 2, 5):
        expected = sum(place < count for place in places) / len(places)
        assert metrics.top_k(scores, truth, count) == pytest.approx(expected)


@given(answers())
def test_confusion_and_the_figures_of_classes(given):
    scores, truth = given
    classes = scores.shape[1]
    said = [ordered(row)[0] for row in scores]
    matrix = [[0] * classes for _ in range(classes)]
    for row, column in zip(truth, said, strict=True):
        matrix[row][column] += 1
    found = metrics.confusion_matrix(truth, np.array(said), classes)
    assert found.tolist() == matrix
    pairs = list(zip(truth.tolist(), said, strict=True))
    recalls = []
    for index, row in enumerate(metrics.class_figures(found, [str(n) for n in range(classes)])):
        true = sum(t == s == index for t, s in pairs)
        missed = sum(t == index != s for t, s in pairs)
        false = sum(t != index == s for t, s in pairs)
        assert row == metrics.ClassFigures(str(index), true + missed, true + false, true)
        assert row.precision == (true / (true + false) if true + false else None)
        assert row.recall == (true / (true + missed) if true + missed else None)
        if row.precision and row.recall:
            harmonic = 2 / (1 / row.precision + 1 / row.recall)
            assert row.f1 == pytest.approx(harmonic)
        elif true + false + missed:
            assert row.f1 == 0
        else:
            assert row.f1 is None
        if row.recall is not None:
            recalls.append(row.recall)
    assert metrics.mean_class_accuracy(found) == pytest.approx(sum(recalls) / len(recalls))
    wrong = [
        (t, s, matrix[t][s])
        for t in range(classes)
        for s in range(classes)
        if t != s and matrix[t][s]
    ]
    wrong.sort(key=lambda pair: -pair[2])
    assert metrics.most_confused(found, 3) == wrong[:3]


@given(answers(), st.integers(1, 20))
def test_calibration(given, bins):
    scores, truth = given
    found = metrics.reliability(scores, truth, bins)
    error = 0.0
    for number, bin in enumerate(found):
        low, high = number / bins, (number + 1) / bins
        inside = [
            (float(row.max()), ordered(row)[0] == right)
            for row, right in zip(scores, truth, strict=True)
            if low < float(row.max()) <= high
        ]
        assert (bin.low, bin.high, bin.clips) == (low, high, len(inside))
        if inside:
            score = sum(best for best, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            assert (bin.score, bin.accuracy) == (pytest.approx(score), pytest.approx(accuracy))
            error += len(inside) / len(scores) * abs(score - accuracy)
        else:
            assert (bin.score, bin.accuracy) == (None, None)
    assert sum(bin.clips for bin in found) == len(scores)
    assert metrics.calibration_error(found) == pytest.approx(error)


@given(answers())
def test_negative_log_likelihood(given):
    scores, truth = given
    expected = -sum(math.log(row[right]) for row, right in zip(scores, truth, strict=True)) / len(
        truth
    )
    assert metrics.negative_log_likelihood(scores, truth) == pytest.approx(expected, abs=1e-6)


def test_a_score_of_zero_does_not_make_all_likelihood_nothing():
    scores = np.float32([[1, 0], [1, 0]])
    assert metrics.negative_log_likelihood(scores, np.array([0, 1])) == pytest.approx(43.7, abs=0.1)


def test_a_bound_belongs_to_the_bin_below():
    scores = np.float32([[0.5, 0.5], [0.0, 1.0]])
    bins = metrics.reliability(scores, np.array([0, 0]), 10)
    assert [bin.clips for bin in bins] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert metrics.calibration_error(bins) == pytest.approx((0.5 + 1.0) / 2)
