"""A model of three colours, pictures of them, and a server that runs it."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from kit.clips import write_colour
from kit.coloured import LABELS, coloured_model, coloured_pictures, one_of_each
from kit.server import Server
from movinet.models import read_info


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The model file; its labels lie beside it as labels.txt."""
    return coloured_model(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def info(model):
    return read_info(model).with_labels(LABELS, "labels")


@pytest.fixture(scope="session")
def pictures():
    """Twenty JPEGs of 96x128, no two the same."""
    return coloured_pictures()


@pytest.fixture(scope="session")
def colours():
    """A JPEG of each colour that the model knows."""
    return one_of_each()


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
