"""Checkpoints read whole, and damaged; what must hold then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from movinet.errors import ModelError
from movinet.weights.tensorbundle import open_bundle

SMALL = {
    "a/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "a/bias": np.array([1.5, -2.0], np.float32),
    "b/scale": np.array(0.25, np.float32),
    "step": np.array(7, np.int64),
}


def read(source: Path) -> dict[str, np.ndarray | list[bytes]]:
    with open_bundle(source) as bundle:
        return {
            key: bundle.strings(key) if entry.dtype == 7 else bundle.array(key)
            for key, entry in bundle.entries.items()
        }


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(
        one[key] == other[key]
        if isinstance(one[key], list)
        else one[key].dtype == other[key].dtype
        and one[key].shape == other[key].shape
        and one[key].tobytes() == other[key].tobytes()
        for key in one
    )


def error_of(source: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read(source)
    message = str(caught.value)
    assert "\n" not in message
    assert str(source) in message
    return message


def message_of(source: Path) -> str | None:
    """What is wrong with it; None where all of it can be read."""
    try:
        read(source)
        with open_bundle(source) as bundle:
            bundle.variables()
    except ModelError as error:
        return str(error)
    return None


def attempt(source: Path, whole: dict) -> None:
    """A checkpoint that may be damaged ends in one line, or all that is in it is right."""
    message = message_of(source)
    if message is None:
        found = read(source)
        assert all(same({key: found[key]}, {key: whole[key]}) for key in found)
    else:
        assert message.isprintable()


DAMAGE = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 1 << 16), st.just(0)),
    st.tuples(st.just("flip"), st.integers(0, 1 << 16), st.integers(0, 7)),
    st.tuples(st.just("set"), st.integers(0, 1 << 16), st.integers(0, 255)),
)


def damaged(data: bytes, damage: tuple[str, int, int]) -> bytes:
    kind, place, value = damage
    if not data:
        return data
    place %= len(data)
    if kind == "cut":
        return data[:place]
    byte = data[place] ^ 1 << value if kind == "flip" else value
    return data[:place] + bytes((byte,)) + data[place + 1 :]
