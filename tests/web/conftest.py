"""A model of three colours, pictures of them, and a server that runs it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from kit.clips import write_colour
from kit.jpegcamera import jpeg
from kit.server import Server
from kit.tiny_model import TinyModel
from movinet.models import read_info

# What the model answers to red, blue and green pictures.
LABELS = ("red", "blue", "green")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The model file; its labels lie beside it as labels.txt."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    return folder / "model.tflite"


@pytest.fixture(scope="session")
def info(model):
    return read_info(model).with_labels(LABELS, "labels")


@pytest.fixture(scope="session")
def pictures():
    """Twenty JPEGs of 96x128, no two the same."""
    random = np.random.default_rng(0)
    plain = random.integers(0, 256, (20, 1, 1, 3), np.uint8)
    return [jpeg(np.broadcast_to(colour, (96, 128, 3))) for colour in plain]


@pytest.fixture(scope="session")
def colours():
    """A JPEG of each colour that the model knows."""
    made = []
    for index in range(3):
        picture = np.full((96, 128, 3), 20, np.uint8)
        picture[..., index] = 230
        made.append(jpeg(picture))
    return made


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A video of 4 seconds."""
    folder = tmp_path_factory.mktemp("clips")
    return write_colour(folder / "red.mp4", (230, 40, 40), frames=20)


@pytest.fixture(scope="module")
def server(model):
    """With little patience."""
    with Server(
        model,
        model.parent / "labels.txt",
        connections=100,
        message=100_000,
        picture=1000,
        first=1.5,
        idle=3.0,
        upload=2_000_000,
        duration=30,
        uploads=2,
    ) as server:
        yield server
