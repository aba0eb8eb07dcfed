"""`Fleet`: the same answers from processes of their own, which may die."""

from __future__ import annotations

import os
import signal
import time

import pytest

from kit.clips import write_colour
from movinet.errors import ModelError, UsageError
from movinet.live import Camera, Fleet, State, Watching, fleet
from movinet.stream import Classifier

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def films(tmp_path):
    """Films of red, green and blue, 4 seconds each."""
    colours = {"red": (230, 30, 30), "green": (30, 230, 30), "blue": (30, 30, 230)}
    return {
        name: write_colour(tmp_path / f"{name}.mp4", colour, frames=20)
        for name, colour in colours.items()
    }


def cameras(films, *, loop=False):
    return [Camera(name, str(path), realtime=True, loop=loop) for name, path in films.items()]


def gathered(watch):
    """By camera: times and best labels, events, and states."""
    said = {}
    with watch:
        for answer in watch:
            one = said.setdefault(answer.camera.name, ([], [], []))
            if answer.prediction is not None:
                one[0].append((answer.prediction.time, answer.prediction.scores.tobytes()))
            one[1].extend(answer.events)
            if answer.state is not None:
                one[2].append(answer.state)
    return said


def until(watch, done, *, seconds=20):
    answers, limit = [], time.monotonic() + seconds
    while not done(answers):
        assert time.monotonic() < limit, (answers[-5:], watch.health)
        answers += watch.wait(0.1)
    return answers


def test_the_same_answers(classifier, films):
    here = gathered(Watching(classifier, cameras(films)))
    there = gathered(Fleet(classifier, cameras(films), processes=2))
    assert set(there) == {"red", "green", "blue"}
    for name, (predictions, events, states) in there.items():
        # A film at its own pace may lose a frame of its beginning to whoever starts slowly.
        both = set(predictions) & set(here[name][0])
        assert len(both) >= 15
        assert {event.label for event in events} == {event.label for event in here[name][1]}
        assert name in {event.label for event in events if event.end is not None}
        assert states[-2:] == [State.LIVE, State.ENDED]


def test_a_process_that_dies_is_started_again(classifier, films, monkeypatch):
    monkeypatch.setattr(fleet, "_FIRST_PAUSE", 0.1)
    with Fleet(classifier, cameras(films, loop=True), processes=2) as watch:
        until(watch, lambda all: {a.camera.name for a in all if a.events} == set(films))
        victim, other = watch._shards
        assert len(victim.share.cameras) == 2
        names = {camera.name for camera in victim.share.cameras}
        os.kill(victim._process.pid, signal.SIGKILL)
        lost = until(
            watch,
            lambda all: {a.camera.name for a in all if a.state == State.LOST} == names,
        )
        ends = {a.camera.name for a in lost for event in a.events if event.end is not None}
        assert ends == names
        assert "its process was killed by SIGKILL" in watch.health[min(names)].reason
        back = until(watch, lambda all: names <= {a.camera.name for a in all if a.events})
        (well,) = (camera.name for camera in other.share.cameras)
        assert not [a for a in lost + back if a.camera.name == well and a.state is not None]
        assert all(one.state == State.LIVE for one in watch.health.values())
        told = watch.finish()
        assert {a.camera.name for a in told for event in a.events if event.end} == set(films)


def test_who_does_not_ask_makes_them_wait(classifier, films, monkeypatch):
    """Answers are not piled up, here or there: frames are dropped."""
    monkeypatch.setattr(fleet, "_UNTOLD", 3)
    with Fleet(classifier, cameras(films, loop=True), processes=1) as watch:
        until(watch, lambda all: len(all) > 5)
        time.sleep(1.5)
        assert len(watch._told) < 3 + 3 * 8
        until(watch, lambda all: len(all) > 100)


def test_one_wrong_setting_for_all(classifier, films, tmp_path):
    broken = tmp_path / "gone.tflite"
    broken.write_bytes(classifier.file.path.read_bytes())
    file = type(classifier.file)(broken, classifier.info)
    other = Classifier(file.open(), classifier.options, file=file)
    broken.write_bytes(b"no model")
    with (
        pytest.raises(ModelError, match=r"gone\.tflite"),
        Fleet(other, cameras(films), processes=2) as watch,
    ):
        until(watch, lambda all: False)


def test_what_makes_no_sense(classifier, films):
    with pytest.raises(UsageError, match="no camera"):
        Fleet(classifier, [])
    with pytest.raises(UsageError, match="no file"):
        Fleet(Classifier(classifier.loads(1)[0], classifier.options), cameras(films))


def test_how_many():
    assert fleet.processes_for(1) == fleet.processes_for(8) == 1
    assert fleet.processes_for(9) == min(2, fleet.cores())
    assert fleet.processes_for(1000) == fleet.cores()
