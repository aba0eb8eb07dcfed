"""The official int8 A0 file on a server: fifty live streams, in time, and none starved."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from kit.liveload import load
from kit.real import INT8, LABELS
from kit.server import Server
from movinet.scale import cores

pytestmark = pytest.mark.timeout(90)


def test_fifty_streams():
    """Five pictures a second each, on two cores that also send them."""
    with Server(INT8, LABELS, threads=cores()) as server:
        address = f"ws://127.0.0.1:{server.port}/v1/stream"
        told, _ = asyncio.run(load(address, server.pid, 50, 7))
    counts = [len(one.late) for one in told]
    assert max(counts) - min(counts) <= max(1, 0.2 * min(counts))
    assert np.percentile(np.concatenate([one.late for one in told]), 95) <= 0.4
