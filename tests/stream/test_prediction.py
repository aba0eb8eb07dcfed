from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kit.tiny_model import TINY
from movinet.errors import UsageError
from movinet.models import read_info
from movinet.stream import Category, Prediction, Summary, softmax, top_categories

LOGITS = hnp.arrays(np.float32, st.integers(1, 30), elements=st.floats(-1e4, 1e4, width=32))
# Few different values, so that many are equal.
SCORES = hnp.arrays(
    np.float32, st.integers(1, 30), elements=st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0])
)


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    path = TINY.write(tmp_path_factory.mktemp("model") / "tiny.tflite")
    return replace(read_info(path), labels=("a", "b", "c", "d"))


def of_classes(info, classes: int):
    """A contract of any number of classes, without labels."""
    return replace(info, logits=replace(info.logits, shape=(1, classes)), labels=None)


# -- softmax ------------------------------------------------------------------


@given(LOGITS, st.floats(0.01, 100))
def test_softmax_is_what_double_precision_says(logits, temperature):
    scores = softmax(logits, temperature)
    exact = logits.astype(np.float64) / temperature
    exact = np.exp(exact - exact.max())
    np.testing.assert_allclose(scores, exact / exact.sum(), rtol=2e-2, atol=2e-6)
    assert (scores.dtype, scores.shape) == (np.float32, logits.shape)
    assert scores.sum() == pytest.approx(1, abs=1e-5)
    assert np.isfinite(scores).all()


def test_softmax_of_huge_logits():
    np.testing.assert_array_equal(softmax(np.float32([1e4, -1e4, -1e4])), [1, 0, 0])
    np.testing.assert_array_equal(softmax(np.float32([-1e4, -1e4])), [0.5, 0.5])
    np.testing.assert_array_equal(softmax(np.float32([1e4, 1e4, -1e4]), 0.01), [0.5, 0.5, 0])


def test_temperature_flattens_and_sharpens():
    logits = np.float32([0, 1])
    plain = softmax(logits)[1]
    assert plain == pytest.approx(1 / (1 + np.exp(-1)))
    assert softmax(logits, 2.0)[1] == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert softmax(logits, 0.5)[1] == pytest.approx(1 / (1 + np.exp(-2)))


def test_softmax_leaves_its_argument_alone():
    logits = np.float32([1, 2, 3])
    softmax(logits, 2.0)
    np.testing.assert_array_equal(logits, [1, 2, 3])


# -- the best classes ---------------------------------------------------------


@given(
    SCORES,
    st.integers(1, 40),
    st.floats(0, 1),
    st.none() | st.frozensets(st.integers(0, 30)),
)
def test_the_best_classes_are_what_sorting_says(info, scores, count, threshold, among):
    wanted = sorted(
        (
            (-float(score), index)
            for index, score in enumerate(scores)
            if float(score) >= threshold and (among is None or index in among)
        )
    )[:count]
    found = top_categories(
        scores, of_classes(info, len(scores)), count, threshold=threshold, among=among
    )
    assert found == [Category(str(index), index, -negative) for negative, index in wanted]


def test_equal_scores_come_in_the_order_of_the_classes(info):
    found = top_categories(np.float32([0.1, 0.4, 0.1, 0.4]), info, 3)
    assert [category.label for category in found] == ["b", "d", "a"]


def test_a_threshold_takes_its_own_value_in(info):
    scores = np.float32([0.5, 0.25, 0.25, 0])
    assert len(top_categories(scores, info, 4, threshold=0.25)) == 3
    assert len(top_categories(scores, info, 4)) == 4
    assert top_categories(scores, info, 4, threshold=0.6) == []


def test_those_left_out_do_not_count(info):
    found = top_categories(np.float32([0.4, 0.3, 0.2, 0.1]), info, 2, among=frozenset({1, 3}))
    assert found == [Category("b", 1, pytest.approx(0.3)), Category("d", 3, pytest.approx(0.1))]
    assert top_categories(np.float32([1, 0, 0, 0]), info, 2, among=frozenset()) == []


def test_plain_numbers_come_out(info):
    category = top_categories(np.float32([0, 1, 0, 0]), info, 1)[0]
    assert (type(category.index), type(category.score)) == (int, float)


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_class(count, info):
    with pytest.raises(UsageError, match=f"top must be 1 or more, not {count}"):
        top_categories(np.float32([1, 0, 0, 0]), info, count)


# -- the values ---------------------------------------------------------------


def test_a_prediction(info):
    scores = np.float32([0.1, 0.2, 0.3, 0.4])
    prediction = Prediction(Fraction(1, 3), 7, scores, info)
    assert [category.label for category in prediction.top()] == ["d", "c", "b", "a"]
    assert [category.label for category in prediction.top(1)] == ["d"]
    assert [category.label for category in prediction.top(threshold=0.25)] == ["d", "c"]
    assert [category.label for category in prediction.top(among=frozenset({0}))] == ["a"]
    assert prediction.embedding is None
    with pytest.raises(FrozenInstanceError):
        prediction.index = 8
    with pytest.raises(FrozenInstanceError):
        prediction.top(1)[0].score = 1.0


def test_a_summary(info):
    summary = Summary(np.float32([0, 0, 1, 0]), 5, None, 0, 0, None, info)
    assert summary.top(1) == [Category("c", 2, 1.0)]
    assert len(summary.top()) == 4
    assert [category.index for category in summary.top(2, among=frozenset({1, 3}))] == [1, 3]
    assert [category.index for category in summary.top(threshold=0.5)] == [2]
    with pytest.raises(FrozenInstanceError):
        summary.frames = 6
