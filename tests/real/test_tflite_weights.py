"""Weights out of real .tflite files: whole, of the right shapes, with what the graphs show."""

from __future__ import annotations

import contextlib
import random

import numpy as np
import pytest

from kit.real import COWS, INT8, OFFICIAL
from movinet.errors import ModelError
from movinet.network import MoViNet, NetworkConfig
from movinet.weights.found import Hints
from movinet.weights.tflite import is_tflite, read_tflite

STREAM = Hints("stream", "2plus1d", "hard_swish", "relu6", "swish", (172, 172))
FILES = {
    INT8: ("a0", 600, Hints("lite", "2plus1d", "relu6", None, "relu6", (172, 172))),
    COWS: ("a0", 7, STREAM),
    OFFICIAL / "official_a0_stream_float32.tflite": ("a0", 600, STREAM),
    OFFICIAL / "official_a0_stream_dynamic.tflite": ("a0", 600, STREAM),
    OFFICIAL / "official_a0_stream_int8.tflite": ("a0", 600, STREAM),
    OFFICIAL / "official_a2_stream_dynamic.tflite": (
        "a2",
        600,
        Hints("stream", "2plus1d", "hard_swish", "relu6", "swish", (224, 224)),
    ),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_tensor_is_found(path):
    variant, classes, hints = FILES[path]
    assert is_tflite(path)
    found = read_tflite(path)
    assert found.hints == hints
    assert found.left == ()
    config = NetworkConfig.of(variant, hints.form or "", classes=classes, fused=True)
    wanted = {n: tuple(t.shape) for n, t in MoViNet(config, drawn=False).state_dict().items()}
    scales = {n: t for n, t in found.tensors.items() if n.endswith(".scale")}
    shapes = {n: t.shape for n, t in found.tensors.items() if n not in scales}
    assert shapes == wanted
    assert len(scales) == len(config.family.layers)
    assert all(t.dtype == np.float32 and np.isfinite(t).all() for t in found.tensors.values())
    assert found.names.keys() == found.tensors.keys()


def test_eight_bits_are_near_the_floats_they_were_made_from():
    """Steps are a 127th of the largest number of a channel, or of the whole tensor."""
    floats = read_tflite(OFFICIAL / "official_a0_stream_float32.tflite").tensors
    for kind in ("dynamic", "int8"):
        eights = read_tflite(OFFICIAL / f"official_a0_stream_{kind}.tflite").tensors
        for name, wanted in floats.items():
            if name.endswith("weight"):
                step = abs(wanted).max() / 127
                assert abs(eights[name] - wanted).max() <= step, (kind, name)


def test_damage_is_never_another_kind_of_error(tmp_path):
    whole = COWS.read_bytes()
    random_ = random.Random(0)
    path = tmp_path / "damaged.tflite"
    for trial in range(60):
        data = bytearray(whole)
        if trial % 3 == 0:
            data = data[: random_.randrange(len(data))]
        else:
            # Near the ends lie the tables; in between, weights.
            area = random_.choice([range(2000), range(len(data) - 100_000, len(data))])
            for _ in range(random_.randrange(1, 8)):
                data[random_.choice(area)] = random_.randrange(256)
        path.write_bytes(data)
        # Where the damage is in numbers alone, nothing tells.
        with contextlib.suppress(ModelError):
            read_tflite(path)
