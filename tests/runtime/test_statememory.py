"""Streams that take turns on one LiteRT model, whose buffers are kept as rings meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movinet.models import StatePair, read_info
from movinet.models.starter import starter_path
from movinet.runtime import open_model
from movinet.runtime.statememory import Memory, bytes_of

PAIRS = (
    StatePair("state_a_stream_buffer", (1, 4, 3), "float32", "a", "a_out"),
    StatePair("state_b_pool_buffer", (1, 5), "float32", "b", "b_out"),
    StatePair("state_c_stream_buffer", (1, 2, 7), "int8", "c", "c_out"),
)
SLIDES = [4, 0, 2]
SIZE = read_info(starter_path()).size


@pytest.fixture(scope="module")
def model():
    return open_model(starter_path())


def _arrays(random):
    return [random.integers(-99, 99, pair.shape).astype(pair.dtype) for pair in PAIRS]


@given(st.lists(st.sampled_from("nnnkv"), max_size=30), st.integers(0, 99))
@settings(max_examples=60)
def test_a_ring_is_the_buffer(acts, seed):
    """Whatever is done in whatever order: what goes back is what a plain copy would have given."""
    random = np.random.default_rng(seed)
    memory, plain = Memory(PAIRS), _arrays(random)
    memory.keep([bytes_of(array) for array in plain])
    for act in acts:
        if act == "v":
            for pair, array in zip(PAIRS, plain, strict=True):
                assert (memory.view(pair.name) == array).all()
            continue
        new = _arrays(random)
        if act == "n":  # one step: all but the newest frame have moved up
            for number in (0, 2):
                new[number][:, :-1] = plain[number][:, 1:]
            memory.keep_newest([bytes_of(array) for array in new], SLIDES)
        else:
            memory.keep([bytes_of(array) for array in new])
        plain = new
        back = [np.empty_like(array) for array in plain]
        memory.load([bytes_of(array) for array in back])
        for got, array in zip(back, plain, strict=True):
            assert (got == array).all()


def _frames(seed, count):
    return np.random.default_rng(seed).integers(0, 256, (count, *SIZE, 3), np.uint8)


def _alone(model, frames):
    state, said = model.initial_state(), []
    for frame in frames:
        logits, state = model.step(frame, state)
        said.append(logits)
    return said, state.to_bytes()


def test_taking_turns_changes_nothing(model):
    """Bit for bit, one frame at a time or several in a row, looked at, copied, saved and moved to
    another load between.
    """
    loads = [model, open_model(starter_path())]
    homes = [0, 0, 0]
    films = [_frames(seed, 14) for seed in range(3)]
    alone = [_alone(model, film) for film in films]
    states = [model.initial_state() for _ in films]
    said = [[] for _ in films]
    random = np.random.default_rng(0)
    while any(len(one) < 14 for one in said):
        number = int(random.integers(3))
        for _ in range(int(random.integers(1, 4)) if random.random() < 0.3 else 1):
            if len(said[number]) == 14:
                break
            frame = films[number][len(said[number])]
            logits, states[number] = loads[homes[number]].step(frame, states[number])
            said[number].append(logits)
        kind = random.integers(6)
        if kind == 0:
            states[number] = states[number].copy()
        elif kind == 1:
            data = states[number].to_bytes()
            states[number] = loads[homes[number]].state_from_bytes(data)
        elif kind == 2:
            homes[number] = 1 - homes[number]
            states[number] = states[number].moved(loads[homes[number]])
        elif kind == 3:
            for pair in model.info.live_states:
                states[number].get(pair.name)
    for one, state, (expected, data) in zip(said, states, alone, strict=True):
        assert all((a == b).all() for a, b in zip(one, expected, strict=True))
        assert state.to_bytes() == data


def test_this_network_slides(model):
    """What makes turns cheap is found, in a file of ours."""
    states = [model.initial_state() for _ in range(2)]
    for frame in _frames(0, 2):
        states = [model.step(frame, state)[1] for state in states]
    slides = model._slides
    assert slides is not None
    buffers = [pair.kind == "stream_buffer" for pair in model.info.live_states]
    assert [frames > 1 for frames in slides] == buffers
