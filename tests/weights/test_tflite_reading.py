"""Files that are no .tflite of a MoViNet are refused in one line."""

from __future__ import annotations

import pytest

from kit import tiny_model
from movinet.errors import ModelError
from movinet.weights import read
from movinet.weights.tflite import is_tflite, read_tflite


@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\x10\0\0\0TFL3" + b"\xff" * 60]
)
def test_files_that_only_look_like_one(tmp_path, content):
    path = tmp_path / "x.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError) as raised:
        read_tflite(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        tiny_model.TinyModel().data,
        tiny_model.image_classifier(),
        tiny_model.clip_classifier(),
    ],
    ids=["another streaming network", "image classifier", "clip classifier"],
)
def test_networks_that_are_no_movinet(tmp_path, content):
    path = tmp_path / "other.tflite"
    path.write_bytes(content)
    assert is_tflite(path)
    with pytest.raises(ModelError, match=r"cannot take weights from .*other\.tflite") as raised:
        read(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file(tmp_path):
    assert not is_tflite(tmp_path / "missing")
    with pytest.raises(ModelError, match="No such file"):
        read_tflite(tmp_path / "missing")
