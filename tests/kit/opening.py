"""Tiny models, loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from kit.tiny_model import TinyModel
from movinet.runtime import StepModel, open_model


def opener(folder: Path) -> Callable[[TinyModel], StepModel]:
    """A function that writes a tiny model into `folder` and opens it, each only once."""

    @cache
    def opened(tiny: TinyModel) -> StepModel:
        return open_model(tiny.write(folder / f"tiny{abs(hash(tiny))}.tflite"))

    return opened
