"""PyTorch on one thread, and as many as before afterwards."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads of small operations wait for each other on a busy machine."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
