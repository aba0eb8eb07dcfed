"""Checkpoints that TensorFlow wrote; their README gives the rule of their numbers."""

from __future__ import annotations

import json
import tarfile
import zlib

import numpy as np
import pytest

from kit.official import Official, expected
from kit.real import GOLDEN
from movinet.errors import ModelError
from movinet.weights.tensorflow import is_tensorflow, read_tensorflow

SQUEEZE = {"none": 0, "3d": 1, "2d": 1, "2plus3d": 2}
CASES = [
    "a0_base",
    "a0_stream",
    "a0_causal_2plus1d_swish",
    "a0_causal_3d",
    "a0_causal_3d_2plus1d",
    "a2_base",
    "a2_stream",
    "a5_base",
    "a5_stream",
]


def case(name: str) -> dict:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def golden_numbers(key: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    random = np.random.default_rng(zlib.crc32(key.encode()))
    if "moving_variance" in name:
        numbers = random.uniform(0.5, 1.5, shape)
    elif "moving_mean" in name or "beta" in name or "bias" in name:
        numbers = random.normal(0, 0.1, shape)
    elif "gamma" in name:
        numbers = random.uniform(0.7, 1.3, shape)
    elif len(shape) <= 1:
        numbers = random.normal(0.5, 0.1, shape)
    else:
        fan_in = np.prod(shape[:-2] if "depthwise" in name else shape[:-1])
        numbers = random.normal(0, np.sqrt(1.6 / fan_in), shape)
    return np.asarray(numbers, np.float32)


def official(said: dict) -> Official:
    config = said["config"]
    return Official(
        said["model_id"],
        config["conv_type"],
        SQUEEZE[config["se_type"]],
        config["use_positional_encoding"],
        classes=600,
    )


@pytest.mark.parametrize("name", CASES)
def test_the_kit_writes_what_tensorflow_writes(name):
    """The keys and shapes with which the other tests make their files are the real ones."""
    said = case(name)
    real = {(v["key"], tuple(v["shape"]), v["trainable"]) for v in said["variables"]}
    assert {(v.key, v.shape, v.trainable) for v in official(said).variables()} == real


@pytest.mark.parametrize("name", ["a0_base", "a0_stream"])
@pytest.mark.parametrize("archived", [False, True])
def test_every_number_of_a_real_checkpoint(name, archived, tmp_path):
    said = case(name)
    source = GOLDEN / f"{name}.ckpt"
    if archived:
        source = tmp_path / "movinet.tar.gz"
        with tarfile.open(source, "w:gz", compresslevel=1) as tar:
            for path in sorted(GOLDEN.glob(f"{name}.ckpt.*")):
                tar.add(path, f"movinet/{path.name}")
    assert is_tensorflow(source)
    found = read_tensorflow(source)
    assert sum(tensor.size for tensor in found.tensors.values()) == said["params"]
    assert found.left == ()
    assert found.hints.conv_type == said["config"]["conv_type"]
    names = {v["key"]: v["name"] for v in said["variables"]}
    variables = {v.ours: v for v in official(said).variables()}
    assert {ours: v.key for ours, v in variables.items()} == found.names
    for ours, variable in variables.items():
        numbers = golden_numbers(variable.key, names[variable.key], variable.shape)
        assert np.array_equal(found.tensors[ours], expected(variable, numbers)), ours


def test_a_folder_of_two_real_checkpoints_asks_which():
    assert is_tensorflow(GOLDEN)
    with pytest.raises(ModelError, match=r"several checkpoints \(a0_base.ckpt, a0_stream.ckpt\)"):
        read_tensorflow(GOLDEN)
