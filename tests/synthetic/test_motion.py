"""Figures keep their bones, their feet on the floor, and move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movinet.synthetic.actions import ACTIONS, BACKGROUND, LABELS
from movinet.synthetic.body import random_body
from movinet.synthetic.performer import Performer, wave
from movinet.synthetic.skeleton import ANKLE, BONES, ELBOW, HIP, KNEE, SHOULDER, WRIST


def perform(label: str, seed: int, moments: int = 30):
    rng = np.random.default_rng(seed)
    body = random_body(rng)
    t = np.arange(moments) / 10
    return ACTIONS[label](Performer(rng, body, t, moments / 10)), body


@settings(max_examples=150)
@given(label=st.sampled_from(LABELS), seed=st.integers(0, 2**32))
def test_bones_keep_their_lengths(label, seed):
    figure, body = perform(label, seed)
    assert np.isfinite(figure.joints).all()
    for a, b in BONES:
        long = np.linalg.norm(figure.joints[:, a] - figure.joints[:, b], axis=-1)
        assert np.ptp(long) < 1e-9
    wanted = {
        (HIP, KNEE): body.thigh,
        (KNEE, ANKLE): body.shin,
        (SHOULDER, ELBOW): body.upper_arm,
        (ELBOW, WRIST): body.forearm,
    }
    for (a, b), long in wanted.items():
        for k in (0, 1):
            bone = figure.joints[0, a + k] - figure.joints[0, b + k]
            assert np.linalg.norm(bone) == pytest.approx(long)


@settings(max_examples=150)
@given(label=st.sampled_from(LABELS), seed=st.integers(0, 2**32))
def test_nobody_sinks_into_the_floor(label, seed):
    figure, _ = perform(label, seed)
    assert figure.joints[..., 2].min() > -0.12  # the knees of a climber may brush it


@pytest.mark.parametrize("label", [label for label in LABELS if label != BACKGROUND])
def test_an_action_moves_more_than_a_breath(label):
    for seed in range(15):
        figure, body = perform(label, seed)
        way = np.ptp(figure.joints, axis=0).max()
        assert way > 0.03 * body.height, seed


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32), hz=st.floats(0.4, 2.0))
def test_a_rest_is_short_enough_to_see_the_action(seed, hz):
    rng = np.random.default_rng(seed)
    performer = Performer(rng, random_body(rng), np.arange(30) / 10, 3.0)
    cycles = performer.phase(hz, wobble=0.0, rests=True)
    resting = cycles % 1.0 > 1 - 1e-6
    for begin in range(30 - 14):
        assert not resting[begin : begin + 14].all()


@pytest.mark.parametrize("label", LABELS)
def test_every_performance_is_another_one(label):
    first, second = (perform(label, seed)[0].joints for seed in (1, 2))
    assert np.abs(first - second).max() > 0.05


def test_a_wave_rests_at_its_ends():
    cycles = np.linspace(0, 1, 101)
    x = wave(cycles, low=0.2, high=0.2)
    assert x.min() == 0
    assert x.max() == 1
    assert (x == 1).sum() >= 20
    np.testing.assert_allclose(wave(cycles + 3, 0.2, 0.2), x, atol=1e-9)
