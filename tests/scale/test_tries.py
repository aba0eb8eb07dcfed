"""Two tries that fail, and a video is set aside."""

from __future__ import annotations

from movinet.scale.tries import LOST, Tries


def test_the_second_failure_is_the_last():
    tries = Tries()
    assert tries.begin("a.mp4") is None
    assert tries.broke("a.mp4", "it fell") is None
    assert tries.begin("a.mp4") is None
    given_up = tries.broke("a.mp4", "it fell")
    assert given_up is not None
    assert given_up.error == "cannot read a.mp4: it fell, twice"
    assert given_up.lines == '{"video": "a.mp4", "error": "cannot read a.mp4: it fell, twice"}\n'


def test_two_reasons_are_both_told():
    tries = Tries({"a.mp4": [LOST]})
    assert tries.suspect("a.mp4")
    assert tries.begin("a.mp4") is None
    given_up = tries.broke("a.mp4", "no frame came of it")
    assert given_up is not None
    assert given_up.error == f"cannot read a.mp4: {LOST}, then no frame came of it"


def test_one_that_is_begun_again_was_lost():
    tries = Tries()
    assert tries.begin("a.mp4") is None
    assert tries.begin("a.mp4") is None
    assert tries.begin("a.mp4") is not None


def test_one_that_ended_well_is_forgotten():
    tries = Tries({"a.mp4": [LOST]})
    tries.begin("a.mp4")
    tries.end("a.mp4")
    assert not tries.suspect("a.mp4")
    assert tries.reasons() == {}
