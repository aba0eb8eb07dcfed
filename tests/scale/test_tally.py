"""What a run cost, in a line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from movinet.scale.outcome import Outcome, failure
from movinet.scale.tally import Tally


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    now = [0.0]
    standing = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("movinet.scale.tally.time", standing)
    return now


def test_the_whole_in_a_line(clock):
    tally = Tally(40, before=12)
    for number in range(39):
        tally.add(Outcome(f"{number}.mp4", "", cpu=0.26, seconds=200 / 39))
    tally.add(failure("bad.mp4", "cannot read bad.mp4"))
    clock[0] = 12.0
    assert tally.text("2 processes") == (
        "40 videos, 3 min 20 s of video in 12.0 s on 2 processes: 16.7 times real time, "
        "183 CPU seconds an hour of video, 1 failed; 12 were done before"
    )


def test_what_is_under_way_counts(clock):
    tally = Tally(2)
    clock[0] = 10.0
    tally.reached("a.mp4", 30.0, 60.0)
    tally.reached("b.mp4", 10.0, None)
    assert (tally.speed, tally.part) == (4.0, 0.5)
    tally.broke("a.mp4")
    assert (tally.speed, tally.part) == (1.0, 0.0)
    tally.add(Outcome("b.mp4", "", seconds=20.0))
    assert (tally.speed, tally.part, tally.done) == (2.0, 1.0, 1)


def test_long_spans(clock):
    tally = Tally(1)
    tally.add(Outcome("a.mp4", "", seconds=2 * 3600 + 59))
    clock[0] = 59.96
    assert tally.text("1 process").startswith("1 video, 2 h 0 min of video in 1 min 0 s on")
