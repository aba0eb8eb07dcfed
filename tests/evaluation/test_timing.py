"""Steps in turns: what is counted, what is dropped, and who is slower."""

from __future__ import annotations

import time

import numpy as np
import pytest

from kit.tiny_model import TINY, frames
from movinet.evaluation.timing import BLOCK, COUNTED, DROPPED, ROUNDS, Lane, take_turns
from movinet.runtime import open_model

IMAGES = [np.zeros((8, 4, 3), np.uint8)]


class Fake:
    """A model whose step takes as long as it is told."""

    def __init__(self, seconds=lambda number: 0.0, diary=None):
        self.seconds = seconds
        self.steps = 0
        self.diary = [] if diary is None else diary

    def initial_state(self):
        return 0

    def step(self, image, state):
        assert state == self.steps, "a stream of its own, its state carried on"
        self.diary.append(self)
        begin = time.perf_counter()
        while time.perf_counter() - begin < self.seconds(self.steps):
            pass
        self.steps += 1
        return np.zeros(3, np.float32), self.steps


def test_a_slow_model_is_slower():
    fast, slow = take_turns(
        [Lane(Fake(lambda n: 0.0005), IMAGES), Lane(Fake(lambda n: 0.002), IMAGES)], steps=20
    )
    assert fast.ratio == 1
    assert fast.p50 == pytest.approx(0.0005, rel=0.5)
    assert slow.p50 == pytest.approx(0.002, rel=0.5)
    assert 2 < slow.ratio < 6
    assert slow.ratio == pytest.approx(slow.p50 / fast.p50, rel=0.3)
    (turned, _) = take_turns(
        [Lane(Fake(lambda n: 0.002), IMAGES), Lane(Fake(lambda n: 0.0005), IMAGES)], steps=20
    )
    assert turned.ratio == 1


def test_p90_shows_what_p50_hides():
    (timing,) = take_turns([Lane(Fake(lambda n: 0.002 * (n % 5 == 0)), IMAGES)], steps=20)
    assert timing.p50 < 0.001 < timing.p90


def test_the_first_steps_of_a_block_are_dropped():
    (timing,) = take_turns([Lane(Fake(lambda n: 0.003 * (n % BLOCK < DROPPED)), IMAGES)], steps=20)
    assert timing.p90 < 0.001


def test_models_take_turns_in_blocks():
    diary: list[Fake] = []
    first, second = Fake(diary=diary), Fake(diary=diary)
    take_turns([Lane(first, IMAGES), Lane(second, IMAGES)], steps=2 * COUNTED + 1, rounds=2)
    blocks = [diary[n : n + BLOCK] for n in range(0, len(diary), BLOCK)]
    assert all(len(set(block)) == 1 for block in blocks)
    # One to warm up, then two rounds of three blocks each.
    assert [block[0] for block in blocks] == [first, second] * (1 + 2 * 3)


def test_one_bad_round_of_three_changes_nothing():
    per_round = BLOCK
    bad = range(BLOCK + per_round, BLOCK + 2 * per_round)
    assert ROUNDS == 3
    (timing,) = take_turns([Lane(Fake(lambda n: 0.003 * (n in bad)), IMAGES)], steps=20)
    assert timing.p90 < 0.001


def test_a_backend_that_cannot_tell_gives_no_parts():
    (timing,) = take_turns([Lane(Fake(), IMAGES)], steps=1)
    assert timing.parts is None


def test_a_real_model_tells_its_parts(tmp_path):
    model = open_model(TINY.write(tmp_path / "tiny.tflite"))
    (timing,) = take_turns([Lane(model, frames(3))], steps=20)
    assert timing.parts is not None
    assert all(0 < part < timing.p90 * 5 for part in timing.parts)


def test_progress_goes_from_little_to_all():
    seen: list[float] = []
    take_turns([Lane(Fake(), IMAGES), Lane(Fake(), IMAGES)], steps=20, progress=seen.append)
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] == 1
