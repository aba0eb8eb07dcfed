from __future__ import annotations

import pytest

from kit.opening import opener


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Gives the loaded model of a `TinyModel`."""
    return opener(tmp_path_factory.mktemp("models"))
