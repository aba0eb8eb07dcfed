"""Tiny models, loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kit.tiny_model import TinyModel
from movinet.runtime import BACKENDS, StepModel, open_model


def opener(
    folder: Path, backend: str | None = None, kind: str = ".tflite"
) -> Callable[[TinyModel], StepModel]:
    """A function that writes a tiny model into `folder` and opens it, each only once."""

    @cache
    def opened(tiny: TinyModel) -> StepModel:
        return open_model(write(tiny, folder, kind), backend=backend)

    return opened


def write(tiny: TinyModel, folder: Path, kind: str) -> Path:
    """Write a tiny model as a file of a kind."""
    path = folder / f"tiny{abs(hash(tiny))}{kind}"
    if kind == ".onnx":
        from kit.tiny_onnx import tiny_onnx

        path.write_bytes(tiny_onnx(tiny))
        return path
    return tiny.write(path)


# Every backend with every kind of file that it reads.
ENGINES = [(backend.name, kind) for backend in BACKENDS.values() for kind in backend.kinds]


def need(backend: str, kind: str = ".tflite") -> None:
    """Skip a test when a backend, or what writes its files, is not installed."""
    if BACKENDS[backend].extra is not None:
        pytest.importorskip(backend)
    if kind == ".onnx":
        pytest.importorskip("onnx")
