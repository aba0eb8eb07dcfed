"""A model of three colours, and pictures of them."""

from __future__ import annotations

import numpy as np
import pytest

from kit.coloured import coloured_model
from movinet.stream import EventOptions, load


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The model file; its labels lie beside it as labels.txt."""
    return coloured_model(tmp_path_factory.mktemp("live"))


@pytest.fixture
def classifier(model):
    """Loaded: ten frames a second, and events as soon as something is likely."""
    options = EventOptions(on=0.34, off=0.34, minimum=0.02, join=0.5, memory=1)
    return load(model, labels=model.parent / "labels.txt", fps=10, events=options)


@pytest.fixture
def colour():
    """Pictures of one colour, `[96, 128, 3]` or another size."""

    def make(index: int, count: int = 10, *, height: int = 96, width: int = 128):
        picture = np.full((height, width, 3), 20, np.uint8)
        picture[..., index] = 230
        return [picture] * count

    return make
