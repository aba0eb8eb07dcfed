from __future__ import annotations

import pytest

from kit.opening import ENGINES, need, opener


@pytest.fixture(scope="session", params=ENGINES, ids=lambda engine: "".join(engine))
def engine(request):
    """Each backend with each kind of file that it reads, in turn."""
    need(*request.param)
    return request.param


@pytest.fixture(scope="session")
def opened(engine, tmp_path_factory):
    """Gives the loaded model of a `TinyModel`, on each backend in turn."""
    return opener(tmp_path_factory.mktemp("models"), *engine)


@pytest.fixture(scope="session")
def opened_again(engine, tmp_path_factory):
    """Gives another load of the same, to move streams to."""
    return opener(tmp_path_factory.mktemp("models again"), *engine)
