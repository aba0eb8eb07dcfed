"""A model of three colours, and pictures of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kit.jpegcamera import jpeg
from kit.tiny_model import TinyModel

# What the model answers to red, blue and green pictures.
LABELS = ("red", "blue", "green")


def coloured_model(folder: Path) -> Path:
    """The model file; its labels lie beside it as labels.txt."""
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    return folder / "model.tflite"


def coloured_pictures(count: int = 20) -> list[bytes]:
    """JPEGs of 96x128, no two the same."""
    random = np.random.default_rng(0)
    plain = random.integers(0, 256, (count, 1, 1, 3), np.uint8)
    return [jpeg(np.broadcast_to(colour, (96, 128, 3))) for colour in plain]


def one_of_each() -> list[bytes]:
    """A JPEG of each colour that the model knows."""
    made = []
    for index in range(3):
        picture = np.full((96, 128, 3), 20, np.uint8)
        picture[..., index] = 230
        made.append(jpeg(picture))
    return made
