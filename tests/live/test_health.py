"""What is known of a camera, and how a terminal and JSON Lines show it."""

from __future__ import annotations

import io
import json
import time
from fractions import Fraction

import pytest
from rich.console import Console

from movinet.live import Answer, Camera, Health, State
from movinet.live.dashboard import Dashboard
from movinet.live.lines import Lines
from movinet.live.records import health_record
from movinet.outputs.textfile import TextOutput
from movinet.stream import Category, Event

YARD = Camera("yard [1]", "test:")
TOP = [Category("push up", 3, 0.75), Category("정권 지르기", 1, 0.2)]


class Watched:
    """What views ask a `Watching` for."""

    def __init__(self, health: Health, events=()) -> None:
        self.health = {YARD.name: health}
        self._events = list(events)

    def current(self):
        return {YARD.name: self._events}


def test_rate_and_latency():
    health = Health()
    assert health.latency() is None
    assert health.rate(0) == 0
    for number in range(200):
        health.answered(0.01 * (number % 2 + 1), number / 10)
    assert health.rate(20.0) == pytest.approx(10)
    assert health.rate(60.0) == 0
    assert health.latency(95) == pytest.approx(0.02)
    assert health.answers == 200


def test_a_record_has_what_the_docs_say():
    record = health_record("yard", Health(State.LOST, "Connection refused", frames=3, drops=1))
    assert set(record) == {
        "camera", "at", "state", "reason", "frames", "answers", "drops", "connections", "rate",
        "latency_p95", "damaged_packets", "cpu",
    }  # fmt: skip
    assert (record["state"], record["reason"]) == ("lost", "Connection refused")


@pytest.fixture
def prediction():
    from movinet.stream import Prediction

    return Prediction(Fraction(3, 2), 15, None, None)


def shown(width, watched, *answers, events=True) -> str:
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=True, color_system=None)
    with Dashboard([YARD.name], events=events, console=console) as view:
        for answer, top in answers:
            view.answer(answer, top, watched)
        view.tick(watched, now=True)
    return text.getvalue()


@pytest.mark.parametrize("width", [60, 120])
def test_the_screen(prediction, width):
    health = Health(State.LIVE, drops=7)
    now = time.monotonic()
    for number in range(20):
        health.answered(0.012, now - 2 + number / 10)
    begun = Event("push up", 3, Fraction(1), None, 0.75)
    ended = Event("squat", 5, Fraction(1), Fraction(4), 0.9)
    text = shown(
        width, Watched(health, [begun]), (Answer(YARD, prediction, (begun, ended), 0.012), TOP)
    )
    assert "yard [1]" in text
    assert ("━━━━━━━━━" if width == 120 else "━━━  0.75") in text
    assert "0.75 push up ●" in text
    assert "12 ms" in text
    assert "push up  begins" in text
    assert "squat  ended after 3.0 s" in text
    assert ("dropped" in text) is (width == 120)
    if width == 120:
        assert "정권 지르기" in text


def test_the_screen_of_a_camera_that_is_lost(prediction):
    health = Health(State.LOST, "Connection refused")
    text = shown(
        100,
        Watched(health),
        (Answer(YARD, prediction, (), 0.01), TOP),
        (Answer(YARD, None, state=State.LOST), []),
    )
    assert "lost: Connection refused" in text
    assert "push up" not in text


def test_lines_above_the_screen():
    """They stay there once, and the picture below them is drawn over."""
    text, watched = io.StringIO(), Watched(Health(State.LIVE))
    console = Console(file=text, width=100, height=20, force_terminal=True, color_system=None)
    with Dashboard([YARD.name], events=True, console=console) as view:
        assert view.open
        view.tick(watched, now=True)
        view.above("[red] rang \x1b[2Jtwice")
        view.tick(watched, now=True)
        view.above("and went")
    assert not view.open
    assert text.getvalue().count("[red] rang twice") == 1
    assert text.getvalue().count("and went") == 1
    assert "\x1b[2J" not in text.getvalue()


@pytest.mark.parametrize("events", [False, True])
def test_lines(tmp_path, prediction, events):
    health = Health(State.LIVE)
    watched = Watched(health)
    path = tmp_path / "lines.jsonl"
    event = Event("push up", 3, Fraction(1), None, 0.75)
    with Lines(TextOutput(path), events=events) as lines:
        lines.answer(Answer(YARD, None, state=State.LIVE), [], watched)
        lines.answer(Answer(YARD, prediction, (event,) if events else (), 0.012), TOP, watched)
        lines.tick(watched)  # not yet a minute
        lines.tick(watched, now=True)
    said = [json.loads(line) for line in path.read_text().splitlines()]
    kinds = ["state", "event" if events else "top", "state"]
    assert [kind in line for kind, line in zip(kinds, said, strict=True)] == [True] * 3
    assert all(line["camera"] == YARD.name and line["at"].endswith("+00:00") for line in said)
    if events:
        assert said[1]["start"] == 1.0
        assert said[1]["end"] is None
    else:
        assert said[1]["time"] == 1.5
        assert said[1]["latency"] == 0.012
        assert said[1]["top"][1]["label"] == "정권 지르기"


def test_that_a_camera_has_ended_is_told_once(tmp_path):
    path = tmp_path / "lines.jsonl"
    watched = Watched(Health(State.ENDED))
    with Lines(TextOutput(path), events=True) as lines:
        lines.answer(Answer(YARD, None, state=State.ENDED), [], watched)
        lines.tick(watched, now=True)
        watched.health[YARD.name].state = State.LIVE
        lines.answer(Answer(YARD, None, state=State.LIVE), [], watched)
        lines.tick(watched, now=True)
    said = [json.loads(line)["state"] for line in path.read_text().splitlines()]
    assert said == ["ended", "live", "live"]
