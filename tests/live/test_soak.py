"""Half a minute of cameras that come and go; `make soak` does an hour of it."""

from __future__ import annotations

import sys

import pytest

from kit.film import film
from kit.livesoak import soak

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc"),
]
SECONDS = 28


def test_nothing_grows(classifier, tmp_path):
    film(tmp_path / "film.mp4", ["squat"], seed=3, action=2, between=1)
    found = soak(classifier, tmp_path / "film.mp4", SECONDS, between_cuts=2.5)
    assert found.cuts >= 3
    assert found.connections["rtsp"] + found.connections["jpegs"] > 3
    assert found.connections["film"] == 1
    # Ten a second, less what was cut off; a busy machine may miss some.
    assert min(found.answers.values()) > 4 * SECONDS
    assert found.growth.of("memory") < 1.05
    assert found.growth.of("handles") < 1.3
    assert found.growth.of("threads") < 1.3
