"""The memory horizon: means over the last N frames, and the official behaviour up to them.

Images, features and sums are exact in float32 here, so that most comparisons are to the bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import child
from kit.tiny_model import BUFFER, COUNT, LAYER_COUNT, LAYER_SUM, SUM, TINY, VARIANTS, images
from movinet.errors import UsageError
from movinet.models import read_info
from movinet.runtime import open_model
from movinet.stream import Horizon, HorizonState

NAMES = ["official", "4-D", "float counts", "squeeze-excite", "scrambled", "delayed before"]


def begin(model, frames: int | None) -> HorizonState:
    return HorizonState(model, Horizon(model.info, frames))


def official(model, pictures) -> np.ndarray:
    """The logits of a plain loop over the model."""
    state, answers = model.initial_state(), []
    for picture in pictures:
        logits, state = model.step(picture, state)
        answers.append(logits)
    return np.array(answers)


def windowed(tiny, pictures, frames: int):
    """What a network would say whose pools had seen nothing but the last `frames` frames."""
    state = tiny.initial()
    features = [tiny.feature(picture).reshape(tiny.initial()[SUM].shape) for picture in pictures]
    for number, picture in enumerate(pictures):
        recent = features[max(0, number - frames + 1) : number]
        count = np.full(1, len(recent), tiny.count_dtype)
        state = {**state, SUM: sum(recent, np.zeros_like(features[0])), COUNT: count}
        if tiny.squeeze_excite:
            state |= {LAYER_SUM: 2 * state[SUM], LAYER_COUNT: count}
        logits, state = tiny.step(picture, state)
        yield logits, state


# -- the rule -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(frames=st.integers(1, 12), length=st.integers(0, 40), seed=st.integers(0, 1000))
def test_means_are_over_the_last_frames(name, opened, frames, length, seed):
    tiny = VARIANTS[name]
    model = opened(tiny)
    state, pictures = begin(model, frames), images(length, seed)
    for picture, (wanted, expected) in zip(pictures, windowed(tiny, pictures, frames), strict=True):
        logits = state.step(picture)
        np.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-4)
        for pair in model.info.live_states:
            np.testing.assert_array_equal(state._state.get(pair.name), expected[pair.name])
    assert state.seen == length


@settings(max_examples=40)
@given(frames=st.integers(1, 12), length=st.integers(1, 40), seed=st.integers(0, 1000))
def test_the_embedding_is_the_mean_over_the_last_frames(opened, frames, length, seed):
    model = opened(TINY)
    state, pictures = begin(model, frames), images(length, seed)
    for picture in pictures:
        state.step(picture)
    recent = [TINY.feature(picture) for picture in pictures[-frames:]]
    np.testing.assert_allclose(state.embedding(), np.mean(recent, axis=0), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frames", [1, 7, 50])
def test_up_to_the_horizon_it_is_the_official_behaviour(name, frames, opened):
    model, pictures = opened(VARIANTS[name]), images(frames + 5)
    state = begin(model, frames)
    answers = np.array([state.step(picture) for picture in pictures])
    wanted = official(model, pictures)
    np.testing.assert_array_equal(answers[:frames], wanted[:frames])
    # Behind it the two part, or the comparison would say nothing.
    assert not np.allclose(answers[frames:], wanted[frames:], atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_horizon_it_is_the_official_behaviour_for_ever(name, opened):
    model, pictures = opened(VARIANTS[name]), images(200)
    state = begin(model, None)
    answers = np.array([state.step(picture) for picture in pictures])
    np.testing.assert_array_equal(answers, official(model, pictures))
    assert state.seen == 200


def test_counters_stay_at_the_horizon(opened):
    state = begin(opened(VARIANTS["squeeze-excite"]), 4)
    counts = []
    for picture in images(9):
        state.step(picture)
        counts.append((state._state.get(COUNT).item(), state._state.get(LAYER_COUNT).item()))
    assert counts == [(n, n) for n in (1, 2, 3, 4, 4, 4, 4, 4, 4)]


def test_buffers_are_left_alone(opened):
    """The memory of the past frames themselves knows no horizon."""
    state = begin(opened(TINY), 1)
    for picture in images(5):
        state.step(picture)
    wanted = np.stack([TINY.feature(picture) for picture in images(5)[-2:]])
    np.testing.assert_array_equal(state._state.get(BUFFER).reshape(2, 3), wanted)


def test_a_scene_is_forgotten_after_the_horizon(opened):
    """Whatever was there before, after N equal frames the answer is that to N equal frames."""
    model = opened(TINY)
    still = images(1, seed=5)[0]
    late, fresh = begin(model, 6), begin(model, 6)
    for picture in images(30):
        late.step(picture)
    for _ in range(6):
        after, wanted = late.step(still), fresh.step(still)
    np.testing.assert_array_equal(after, wanted)


def test_rounding_does_not_pile_up(opened):
    """Values that are not exact, for as long as an hour at 5 frames a second."""
    model = opened(TINY)
    state = begin(model, 50)
    random = np.random.default_rng(0)
    pictures = random.random((500, 8, 4, 3), np.float32)
    for _ in range(36):
        for picture in pictures:
            state.step(picture)
    mean = pictures[-50:].mean(axis=(0, 1, 2), dtype=np.float64)
    np.testing.assert_allclose(state.embedding(), mean, rtol=1e-5)


def test_a_sum_that_begins_elsewhere_keeps_its_beginning(tmp_path):
    """An int8 sum begins at its zero point; that is no frame to be forgotten."""
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    states = tuple(replace(p, zero=8.0 if p.name == SUM else 0.0) for p in info.states)
    state = begin(open_model(path, info=replace(info, states=states)), 3)
    for picture in images(10):
        state.step(picture)
    wanted = 8 + sum(TINY.feature(picture) for picture in images(10)[-3:])
    np.testing.assert_array_equal(state._state.get(SUM).reshape(3), wanted)


def test_a_model_without_pools_has_no_horizon(tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    states = tuple(replace(p, name=p.name.replace("pool", "memory")) for p in info.states)
    state = begin(open_model(path, info=replace(info, states=states)), 3)
    answers = [state.step(picture) for picture in images(10)]
    np.testing.assert_allclose(answers, TINY.run(images(10)), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("frames", [0, -1])
def test_a_horizon_of_nothing(frames, opened):
    with pytest.raises(UsageError, match=f"1 frame or more, not {frames}"):
        Horizon(opened(TINY).info, frames)


# -- several streams ----------------------------------------------------------


@settings(max_examples=40)
@given(order=st.lists(st.integers(0, 2), max_size=60), seed=st.integers(0, 1000))
def test_streams_of_different_horizons_share_a_model(opened, order, seed):
    model = opened(TINY)
    horizons = (2, 5, None)
    states = [begin(model, frames) for frames in horizons]
    pictures = [images(60, seed + number) for number in range(3)]
    answers: list[list] = [[], [], []]
    for turn in order:
        answers[turn].append(states[turn].step(pictures[turn][len(answers[turn])]))
    for number, frames in enumerate(horizons):
        alone = begin(model, frames)
        wanted = [alone.step(picture) for picture in pictures[number][: len(answers[number])]]
        np.testing.assert_array_equal(np.array(answers[number]), np.array(wanted))


@pytest.mark.parametrize("frames", [4, None])
def test_a_copy_goes_its_own_way(frames, opened):
    model, pictures = opened(TINY), images(30)
    original = begin(model, frames)
    for picture in pictures[:10]:
        original.step(picture)
    copy = original.copy()
    for picture in images(9, seed=1):
        original.step(picture)
    alone = begin(model, frames)
    wanted = [alone.step(picture) for picture in pictures][10:]
    np.testing.assert_array_equal([copy.step(picture) for picture in pictures[10:]], wanted)


# -- saving -------------------------------------------------------------------


@settings(max_examples=40)
@given(frames=st.none() | st.integers(1, 8), before=st.integers(0, 20), seed=st.integers(0, 1000))
def test_a_saved_state_goes_on_to_the_bit(opened, frames, before, seed):
    model, pictures = opened(VARIANTS["squeeze-excite"]), images(before + 12, seed)
    state = begin(model, frames)
    for picture in pictures[:before]:
        state.step(picture)
    saved = state.to_bytes()
    again = HorizonState.from_bytes(saved, model, Horizon(model.info, frames))
    assert again.seen == before
    assert again.to_bytes() == saved
    for picture in pictures[before:]:
        np.testing.assert_array_equal(again.step(picture), state.step(picture))
    assert again.to_bytes() == state.to_bytes()


_GO_ON = """
import sys
import movinet
from kit.tiny_model import images
from movinet.stream import Horizon, HorizonState

model = movinet.open_model(sys.argv[1])
state = HorizonState.from_bytes(bytes.fromhex(sys.argv[2]), model, Horizon(model.info, 6))
for image in images(30)[20:]:
    print(state.step(image).tobytes().hex())
"""


def test_a_saved_state_goes_on_in_another_process(opened, tmp_path):
    state = begin(opened(TINY), 6)
    for picture in images(20):
        state.step(picture)
    done = child.python(_GO_ON, TINY.write(tmp_path / "tiny.tflite"), state.to_bytes().hex())
    wanted = [state.step(picture).tobytes().hex() for picture in images(30)[20:]]
    assert done.stdout.decode().split() == wanted


@pytest.mark.parametrize(
    ("saved", "wanted", "words"),
    [
        (5, 6, "the state was saved with a horizon of 5 frames, not 6"),
        (5, None, "the state was saved with a horizon of 5 frames, not None"),
        (None, 6, "the state was saved with a horizon of None frames, not 6"),
    ],
)
def test_a_state_of_another_horizon(saved, wanted, words, opened):
    model = opened(TINY)
    data = begin(model, saved).to_bytes()
    with pytest.raises(UsageError, match=words):
        HorizonState.from_bytes(data, model, Horizon(model.info, wanted))


def test_a_state_of_another_model(opened):
    data = begin(opened(VARIANTS["squeeze-excite"]), 5).to_bytes()
    model = opened(TINY)
    with pytest.raises(UsageError, match="no saved state"):
        HorizonState.from_bytes(data, model, Horizon(model.info, 5))


@pytest.mark.parametrize("frames", [5, None])
@settings(max_examples=100)
@given(data=st.binary(max_size=40) | st.integers(0, 400))
def test_bytes_that_are_no_state(frames, opened, data):
    model = opened(TINY)
    if isinstance(data, int):  # so much of a true one
        whole = begin(model, frames).to_bytes()
        data = whole[: min(data, len(whole) - 1)]
    with pytest.raises(UsageError, match="no saved state"):
        HorizonState.from_bytes(data, model, Horizon(model.info, frames))
