"""`Watching`: several cameras, one model, answers as they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from movinet.errors import UsageError
from movinet.live.camera import Camera
from movinet.live.health import Health, State
from movinet.live.reader import Picture, Reader
from movinet.stream import Classifier, Event, EventDetector, Prediction, Stream

_JOIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to tell of one camera.

    Attributes:
        camera: which.
        prediction: for its newest frame; None when only its state or events have changed.
        events: what has begun and what has ended.
        latency: seconds from the arrival of the frame's data to this answer; 0 without a frame.
        state: what the camera does, when that has changed; else None.
    """

    camera: Camera
    prediction: Prediction | None
    events: tuple[Event, ...] = ()
    latency: float = 0.0
    state: State | None = None


class _Watched:
    """A camera with its reader, its stream and its events."""

    def __init__(self, camera: Camera, classifier: Classifier, news: threading.Condition) -> None:
        self.camera = camera
        self.stream: Stream = classifier.stream()
        self.detector: EventDetector | None = None
        if classifier.options.events is not None:
            self.detector = classifier.detector(camera.events)
        self.state: State | None = None
        self.reader = Reader(camera, classifier.options.fps, self.stream.resize, news)

    @property
    def health(self) -> Health:
        return self.reader.health

    def finish(self) -> tuple[Event, ...]:
        return () if self.detector is None else tuple(self.detector.finish())


class Watching:
    """Watches cameras with one model; iterate over it for the answers.

        with Watching(classifier, [Camera("door", "rtsp://door/1")]) as watching:
            for answer in watching:
                print(answer.camera.name, answer.prediction)

    Each camera has a thread that reads it; the model runs where the answers are asked for. Cameras
    are answered in turn, each with its newest frame, so that none waits for another.
    """

    def __init__(self, classifier: Classifier, cameras: Sequence[Camera]) -> None:
        """Begin to read all of them.

        Raises:
            UsageError: there is none, or two have the same name.
        """
        names = [camera.name for camera in cameras]
        if not names:
            raise UsageError("there is no camera to watch")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"two cameras are called {twice[0]!r}: give each its own name")
        self._news = threading.Condition()
        self._watched = [_Watched(camera, classifier, self._news) for camera in cameras]
        self._turn = 0
        self._stopped = False

    @property
    def health(self) -> dict[str, Health]:
        """How each camera does, by its name."""
        return {watched.camera.name: watched.health for watched in self._watched}

    def current(self) -> dict[str, list[Event]]:
        """The events that go on now, by the camera's name."""
        return {
            watched.camera.name: [] if watched.detector is None else watched.detector.current
            for watched in self._watched
        }

    def stop(self) -> None:
        """Have the iteration end; may be called from a signal's handler or another thread."""
        self._stopped = True

    @property
    def over(self) -> bool:
        """Whether all sources have ended and all is told, or `stop` was called."""
        return self._stopped or all(
            watched.state == State.ENDED and not watched.reader.ready for watched in self._watched
        )

    def __iter__(self) -> Iterator[Answer]:
        """The answers, until it is over."""
        while not self.over:
            yield from self.wait(0.2)
        yield from self.finish()

    def wait(self, seconds: float) -> list[Answer]:
        """The answer to the next frame, and what else has changed; empty after so many seconds."""
        with self._news:
            changes, taken = self._changes(), self._take()
            if taken is None and not changes:
                self._news.wait(seconds)
                changes, taken = self._changes(), self._take()
        return changes if taken is None else [*changes, self._answer(*taken)]

    def finish(self) -> list[Answer]:
        """The ends of all events that still go on."""
        ends = [(watched.camera, watched.finish()) for watched in self._watched]
        return [Answer(camera, None, events) for camera, events in ends if events]

    def close(self) -> None:
        """Stop reading."""
        self._stopped = True
        for watched in self._watched:
            watched.reader.stop()
        until = time.monotonic() + _JOIN_SECONDS
        for watched in self._watched:
            watched.reader.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self) -> tuple[_Watched, Picture] | None:
        """The newest frame of the camera whose turn it is, if it has one; else of the next."""
        count = len(self._watched)
        for step in range(count):
            watched = self._watched[(self._turn + step) % count]
            picture = watched.reader.take()
            if picture is not None:
                self._turn = (self._turn + step + 1) % count
                return watched, picture
        return None

    def _changes(self) -> list[Answer]:
        changes = []
        for watched in self._watched:
            state = watched.health.state
            # The last frame is answered before the end is told.
            if state != watched.state and not (state == State.ENDED and watched.reader.ready):
                watched.state = state
                events = watched.finish() if state == State.ENDED else ()
                changes.append(Answer(watched.camera, None, events, state=state))
        return changes

    def _answer(self, watched: _Watched, picture: Picture) -> Answer:
        begun = time.thread_time()
        prediction = watched.stream.push(picture.image, picture.time, chosen=True)
        told: tuple[Event, ...] = ()
        if prediction is not None and watched.detector is not None:
            told = tuple(watched.detector.push(prediction))
        now = time.monotonic()
        watched.health.model_cpu += time.thread_time() - begun
        watched.health.answered(now - picture.arrived, now)
        return Answer(watched.camera, prediction, told, now - picture.arrived)
