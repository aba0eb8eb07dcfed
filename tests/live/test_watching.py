"""`Watching`: cameras that come, go, hang and come back."""

from __future__ import annotations

import itertools
import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from kit.jpegcamera import JpegCamera
from kit.rtsp import RtspCamera
from movinet.errors import SourceError, UsageError
from movinet.frames import Frame, Source, opening
from movinet.live import Answer, Camera, Region, State, Watching, reader
from movinet.stream import Stream, load

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Try again soon, and wait for nobody long."""
    monkeypatch.setattr(reader, "_FIRST_PAUSE", 0.1)
    monkeypatch.setattr(reader, "_LONGEST_PAUSE", 0.3)
    monkeypatch.setattr(opening, "_OPEN_SECONDS", 3.0)
    monkeypatch.setattr(opening, "_READ_SECONDS", 1.0)


class Fake(Source):
    """A camera that a test describes as (seconds, picture) pairs; it gives them at once."""

    live = True

    def __init__(self, frames, *, ends: str | None = None, pause: float = 0.0) -> None:
        self.name, self._frames, self._pause, self.ended_early = "fake", frames, pause, ends

    def __iter__(self):
        for number, (moment, picture) in enumerate(self._frames):
            time.sleep(self._pause)
            self.arrived = time.monotonic()
            yield Frame(picture, Fraction(moment), number)


class FakeCamera(Camera):
    """A camera whose connections a test makes; after the last it hangs."""

    def connections(self, *sources) -> FakeCamera:
        object.__setattr__(self, "_left", iter(sources))
        return self

    def open(self, fps) -> Source:
        made = next(self._left, None)
        if made is None:
            return Fake((n, None) for n in _never())
        if isinstance(made, Exception):
            raise made
        return made


def _never():
    threading.Event().wait(5)
    return
    yield


def until(watching: Watching, done, *, seconds: float = 15) -> list[Answer]:
    """All answers until `done(answers)` holds."""
    answers: list[Answer] = []
    limit = time.monotonic() + seconds
    while not done(answers):
        assert time.monotonic() < limit, (answers[-5:], watching.health)
        answers += watching.wait(0.1)
    return answers


def predictions(answers):
    return [answer.prediction for answer in answers if answer.prediction is not None]


def states(answers):
    return [answer.state for answer in answers if answer.state is not None]


def best(answer) -> str:
    return answer.top(1)[0].label


# -- cameras of all kinds, cut in the midst -----------------------------------


def cut_and_mended(classifier, camera, address, *, lost=True):
    """What is answered before, during and after a cut of a second and a half."""
    with Watching(classifier, [Camera("yard", address)]) as watching:
        before = until(watching, lambda all: len(predictions(all)) >= 10)
        camera.cut()
        cut = time.monotonic()
        during = until(watching, lambda all: time.monotonic() - cut > 1.5)
        camera.mend()
        after = until(watching, lambda all: len(predictions(all)) >= 10)
        health = watching.health["yard"]
        assert health.state == State.LIVE
        assert health.connections == (2 if lost else 1)
    assert (State.LOST in states(before + during + after)) is lost
    return predictions(before), predictions(during) + predictions(after)


def check_times(before, after):
    """Times go on over the cut as the clock on the wall does."""
    times = [float(answer.time) for answer in [*before, *after]]
    assert all(a < b for a, b in itertools.pairwise(times))
    assert times[0] < 2  # what came while the stream was being recognised is dropped
    assert 1.2 < max(b - a for a, b in itertools.pairwise(times)) < 5


def test_rtsp(classifier, colour):
    with RtspCamera(colour(1, 50)) as camera:
        before, after = cut_and_mended(classifier, camera, camera.address)
    check_times(before, after)
    assert {best(answer) for answer in before[5:] + after[5:]} == {"green"}


def test_pictures_over_http(classifier, colour):
    with JpegCamera(colour(2)) as camera:
        before, after = cut_and_mended(classifier, camera, camera.address)
    check_times(before, after)
    assert {best(answer) for answer in before[5:] + after[5:]} == {"blue"}
    # Such a camera says of no picture when it was taken: it is when it came.
    spans = [float(b.time - a.time) for a, b in itertools.pairwise(before)]
    assert 0.05 < np.median(spans) < 0.2


class Sender:
    """An MPEG transport stream over UDP, which can pause."""

    def __init__(self, pictures, port: int) -> None:
        self.paused, self.over = False, False
        self._pictures, self._port = pictures, port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        self.paused = True

    def mend(self):
        self.paused = False

    def close(self):
        self.over = True
        self._thread.join()

    def _run(self):
        with av.open(f"udp://127.0.0.1:{self._port}?pkt_size=1316", "w", format="mpegts") as out:
            stream = out.add_stream("libx264", rate=20)
            stream.height, stream.width = self._pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            stream.options = {"tune": "zerolatency", "g": "10", "preset": "ultrafast"}
            begun = time.monotonic()
            for number in itertools.count():
                if self.over:
                    return
                time.sleep(max(0.0, begun + number / 20 - time.monotonic()))
                if self.paused:
                    continue
                picture = self._pictures[number % len(self._pictures)]
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 20)
                out.mux(stream.encode(frame))


def test_udp(classifier, colour, monkeypatch):
    """Who sends it may pause: nobody is connected, so nothing is lost but the pictures."""
    monkeypatch.setattr(opening, "_READ_SECONDS", 5.0)
    port = 20_000 + int(time.monotonic() * 1000) % 20_000
    sender = Sender(colour(0), port)
    try:
        before, after = cut_and_mended(classifier, sender, f"udp://127.0.0.1:{port}", lost=False)
    finally:
        sender.close()
    check_times(before, after)
    assert {best(answer) for answer in after[5:]} == {"red"}


def write(path, pictures, rate=10):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return str(path)


def test_a_file_in_a_loop(classifier, colour, tmp_path):
    path = write(tmp_path / "red.mp4", colour(0, 8))
    with Watching(classifier, [Camera("film", path, realtime=True, loop=True)]) as watching:
        begun = time.monotonic()
        answers = predictions(until(watching, lambda all: len(predictions(all)) >= 20))
        took = time.monotonic() - begun
    assert 1.8 < took < 4
    times = [round(float(answer.time), 3) for answer in answers]
    assert times == pytest.approx([number / 10 for number in range(len(times))], abs=0.06)


def test_a_file_ends(classifier, colour, tmp_path):
    """Its events are those of the same file read at once."""
    path = write(tmp_path / "film.mp4", colour(0, 15) + colour(2, 15))
    with Watching(classifier, [Camera("film", path, realtime=True)]) as watching:
        answers = list(watching)
    assert states(answers)[-1] == State.ENDED
    assert len(predictions(answers)) == 30
    told = tuple(event for answer in answers for event in answer.events if event.end is not None)
    assert told
    assert told == classifier.classify(path).events


# -- what goes wrong ----------------------------------------------------------


def test_a_camera_that_never_sends_a_picture(classifier, colour):
    with (
        RtspCamera(colour(0), mute=True) as camera,
        Watching(classifier, [Camera("dead", camera.address)]) as watching,
    ):
        until(watching, lambda all: State.LOST in states(all))
        health = watching.health["dead"]
        assert health.answers == 0
        assert "no answer in time" in health.reason


def test_a_stream_that_changes_size(classifier, colour):
    later = colour(2, 50, height=48, width=200)
    with (
        RtspCamera(colour(0, 50), later=later) as camera,
        Watching(classifier, [Camera("changed", camera.address)]) as watching,
    ):
        until(watching, lambda all: "red" in {best(answer) for answer in predictions(all)})
        camera.change()
        until(watching, lambda all: "blue" in {best(answer) for answer in predictions(all)})
        assert watching.health["changed"].connections == 1


def test_a_clock_that_jumps_back(classifier, colour):
    moments = [n / 10 for n in range(10)] + [n / 10 - 5 for n in range(10, 20)]
    frames = [(moment, colour(0, 1)[0]) for moment in moments]
    camera = FakeCamera("jumps", "rtsp://fake").connections(Fake(frames, pause=0.02))
    with Watching(classifier, [camera]) as watching:
        answers = until(watching, lambda all: len(predictions(all)) >= 20)
    times = [answer.time for answer in predictions(answers)]
    assert all(a < b for a, b in itertools.pairwise(times))
    assert predictions(answers)[-1].index == 19  # the stream has not begun anew


def test_a_camera_that_is_busy_is_tried_again(classifier, colour):
    busy = SourceError("cannot read camera:0: Device or resource busy")
    working = Fake([(n / 10, colour(1, 1)[0]) for n in range(20)], pause=0.01)
    camera = FakeCamera("busy", "camera:0").connections(busy, busy, working)
    with Watching(classifier, [camera]) as watching:
        answers = until(watching, lambda all: State.LIVE in states(all))
        assert watching.health["busy"].connections == 1
    assert states(answers).count(State.LOST) >= 1


def test_a_source_that_fails_in_its_own_way(classifier, colour):
    class Broken(Fake):
        def __iter__(self):
            yield from super().__iter__()
            raise ValueError("the cable")

    frames = [(n / 10, colour(0, 1)[0]) for n in range(3)]
    sick = FakeCamera("sick", "rtsp://fake").connections(Broken(frames, pause=0.05))
    well = FakeCamera("well", "rtsp://fake").connections(
        Fake([(n / 10, colour(1, 1)[0]) for n in range(60)], pause=0.02)
    )
    with Watching(classifier, [sick, well]) as watching:
        reasons = []

        def done(all):
            reasons.append(watching.health["sick"].reason)
            return sum(a.camera is well for a in all if a.prediction) >= 40

        until(watching, done)
    assert "ValueError: the cable" in reasons


def test_after_a_long_gap_the_stream_begins_anew(classifier, colour):
    """The memory is a second: what was before a gap of two is forgotten, and over."""
    first = Fake([(n / 10, colour(0, 1)[0]) for n in range(10)], pause=0.05)
    second = Fake([(n / 10, colour(2, 1)[0]) for n in range(10)], pause=0.05)

    class Late(FakeCamera):
        def open(self, fps):
            if watching and watching[0].health["gap"].connections:
                time.sleep(2)
            return super().open(fps)

    watching: list[Watching] = []
    with Watching(classifier, [Late("gap", "rtsp://fake").connections(first, second)]) as made:
        watching.append(made)
        answers = until(made, lambda all: len(predictions(all)) >= 18)
    indices = [answer.index for answer in predictions(answers)]
    assert indices.count(0) == 2
    ends = [event for answer in answers for event in answer.events if event.end is not None]
    assert ends[0].label == "red"
    assert ends[0].end < 1.5


# -- many ---------------------------------------------------------------------


def slow(monkeypatch, seconds):
    """Answers take so long."""
    step = Stream.step
    monkeypatch.setattr(Stream, "step", lambda *a: (time.sleep(seconds), step(*a))[1])


def test_the_newest_frame_wins(classifier, colour, monkeypatch):
    """Five times as many frames as can be answered: none waits, the others are counted."""
    frames = [(n / 10, colour(0, 1)[0]) for n in range(1000)]
    camera = FakeCamera("fast", "rtsp://fake").connections(Fake(frames, pause=0.01))
    slow(monkeypatch, 0.05)
    with Watching(classifier, [camera]) as watching:
        answers = until(watching, lambda all: len(predictions(all)) >= 30)
        health = watching.health["fast"]
        assert health.drops > health.answers
        assert health.frames - health.drops - health.answers in (0, 1)
    # A frame waits for the one before it, never for more.
    assert np.percentile([answer.latency for answer in answers if answer.prediction], 90) < 0.25


def test_none_is_starved(classifier, colour, monkeypatch):
    cameras = [
        FakeCamera(f"camera {number}", "rtsp://fake").connections(
            Fake([(n / 10, colour(0, 1)[0]) for n in range(2000)], pause=0.005 * (number + 1))
        )
        for number in range(4)
    ]
    slow(monkeypatch, 0.02)
    with Watching(classifier, cameras) as watching:
        until(watching, lambda all: len(predictions(all)) >= 100)
        counts = [health.answers for health in watching.health.values()]
    assert max(counts) - min(counts) <= 3


def test_who_does_not_ask_gets_no_old_answers(classifier, colour):
    """What nobody takes is not piled up: later frames are dropped, and counted."""
    frames = [(n / 10, colour(0, 1)[0]) for n in range(200)]
    camera = FakeCamera("unasked", "rtsp://fake").connections(Fake(frames, pause=0.005))
    with Watching(classifier, [camera]) as watching:
        limit = time.monotonic() + 20
        while watching.health["unasked"].frames < 200 and time.monotonic() < limit:
            time.sleep(0.05)
        answers = watching.wait(0)
        health = watching.health["unasked"]
    assert 1 <= len(predictions(answers)) <= 10
    assert health.frames == 200
    assert health.drops + health.answers == 200


def test_what_is_stopped_is_not_told_as_ended(classifier, colour, monkeypatch):
    """However soon its reader has noticed."""
    frames = [(n / 10, colour(0, 1)[0]) for n in range(200)]
    camera = FakeCamera("door", "rtsp://fake").connections(Fake(frames, pause=0.02))
    with Watching(classifier, [camera]) as watching:
        until(watching, lambda all: any(answer.events for answer in all))
        stop = reader.Reader.stop
        monkeypatch.setattr(reader.Reader, "stop", lambda self: (stop(self), self.join(5)))
        answers = watching.finish()
        assert watching.health["door"].state == State.LIVE
    assert [event.end is None for answer in answers for event in answer.events] == [False]
    assert State.ENDED not in states(answers)


def test_names(classifier):
    with pytest.raises(UsageError, match="no camera"):
        Watching(classifier, [])
    with pytest.raises(UsageError, match="two cameras are called 'a'"):
        Watching(classifier, [Camera("a", "test:"), Camera("a", "test:1")])


def test_a_region(classifier, model):
    picture = np.full((60, 80, 3), 20, np.uint8)
    picture[..., 0] = 230
    picture[30:, 40:] = (20, 20, 230)
    frames = [(n / 10, picture) for n in range(40)]
    corner = Region(0.5, 0.5, 0.5, 0.5)
    camera = FakeCamera("corner", "rtsp://fake", region=corner).connections(
        Fake(frames, pause=0.01)
    )
    with Watching(load(model, labels=model.parent / "labels.txt"), [camera]) as watching:
        answers = until(watching, lambda all: len(predictions(all)) >= 5)
    assert best(predictions(answers)[-1]) == "blue"


@pytest.mark.parametrize("box", [(0, 0, 0, 1), (0.5, 0, 0.6, 1), (-0.1, 0, 0.5, 1), (0, 0, 1, 2)])
def test_a_region_outside(box):
    with pytest.raises(UsageError, match="a region is left, top, width and height"):
        Region(*box)
