"""How a run of `movinet live` ends, with cameras that a test makes up."""

from __future__ import annotations

import signal

import pytest

from movinet.cli import live
from movinet.live import Answer, Camera, Health, State, Watch

DOOR = Camera("door", "rtsp://door")


class Made(Watch):
    """Watches nothing: a camera is as it is, and `finish` stops it, as `Watching` does."""

    health = None
    over = False

    def __init__(self, health: Health) -> None:
        self.health = {DOOR.name: health}
        self.over = health.state == State.ENDED

    def current(self):
        return {DOOR.name: []}

    def stop(self):
        self.over = True

    def wait(self, seconds) -> list[Answer]:
        return []

    def finish(self) -> list[Answer]:
        health = self.health[DOOR.name]
        if health.state != State.ENDED:
            health.state, health.reason = State.ENDED, "stopped"
        self.over = True
        return []

    def close(self):
        pass


@pytest.fixture(autouse=True)
def handlers():
    """Signals do again what they did."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def go(health: Health, seconds: float | None) -> int:
    return live._Run(Made(health), [], {}, None, 1, print).go(seconds)


def test_a_camera_that_is_stopped_in_time_has_not_failed():
    assert go(Health(State.LIVE, connections=1), 0.05) == 0


@pytest.mark.parametrize(("reason", "status"), [("", 0), ("end of file", 1)])
def test_a_camera_that_has_ended_by_itself(reason, status):
    assert go(Health(State.ENDED, reason, connections=1), None) == status
