"""Too much work, and everything that can go wrong; `make soak` does minutes of both."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from kit.coloured import coloured_pictures
from kit.enginesoak import faults, overload
from movinet.models.starter import starter_path
from movinet.runtime import open_model
from movinet.stream import EventOptions
from movinet.web.jpeg import JpegDecoder

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc"),
]
OVERLOAD_SECONDS, FAULT_SECONDS = 25, 25


@pytest.fixture(scope="module")
def loads():
    return [open_model(starter_path()) for _ in range(2)]


def test_twice_what_can_be_done(loads):
    picture = np.random.default_rng(0).integers(0, 256, (*loads[0].info.size, 3), np.uint8)
    found = overload(loads, picture, streams=200, seconds=OVERLOAD_SECONDS)
    total = sum(found.answered)
    assert total > 0.5 * found.capacity * OVERLOAD_SECONDS
    assert max(found.answered) / min(found.answered) <= 1.2
    assert found.most / found.least <= 1.2
    for offered, answered, dropped in zip(
        found.offered, found.answered, found.dropped, strict=True
    ):
        assert offered == answered + dropped
    assert sum(found.dropped) > 0.25 * sum(found.offered)
    assert found.growth.of("memory") < 1.05
    assert found.growth.of("threads") == 1


def test_everything_that_can_go_wrong(loads):
    found = faults(
        loads,
        lambda: JpegDecoder(4096),
        coloured_pictures(),
        EventOptions(on=0.2, off=0.1, minimum=0.3, memory=1),
        streams=30,
        seconds=FAULT_SECONDS,
    )
    assert found.wrong == []
    assert found.streams > 60
    kinds = {"frame", "burst", "forward", "back", "same", "no time", "reset", "broken"}
    assert set(found.faults) >= kinds | {"left", "finished"}
    # Streams that come and go leave gaps behind: in a run of 90 s the process grew by half in
    # the first 35, here to 1.10, and not at all in the rest; `make soak` holds it to 1.1.
    assert found.growth.of("memory") < 1.2
    assert found.growth.of("threads") == 1
