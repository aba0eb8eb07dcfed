"""A model of three colours, and pictures of them."""

from __future__ import annotations

import pytest

from kit.coloured import LABELS, coloured_model, coloured_pictures, one_of_each
from movinet.models import read_info


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The model file; its labels lie beside it as labels.txt."""
    return coloured_model(tmp_path_factory.mktemp("scale"))


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
