"""`Watching`: several cameras, one model, answers as they come."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from movinet.frames import Resizer
from movinet.live.camera import Camera
from movinet.live.health import Health, State
from movinet.live.reader import Picture, Reader
from movinet.live.watch import Answer, Watch, check_names
from movinet.scale import Answer as Told
from movinet.scale import Engine, cores
from movinet.stream import Classifier, Event

_JOIN_SECONDS = 1.0
# Answers of a camera that may wait to be asked for. Whoever asks for them late loses frames, and
# these are counted; old answers would be worse.
_UNTOLD = 8


class _Watched:
    """A camera with its reader, its place in the engine and what goes on before it."""

    def __init__(
        self, camera: Camera, classifier: Classifier, engine: Engine, news: threading.Condition
    ) -> None:
        options = classifier.options
        self.camera = camera
        self.state: State | None = None
        self.over = False  # all is answered, and the ends of its events are told
        self.current: dict[int, Event] = {}
        self.told: deque[Answer] = deque()
        self._news, self._ending = news, False
        self.seat = engine.join("", options, self._answered, events=camera.events)
        resize = Resizer(*classifier.info.size, options.resize)
        self.reader = Reader(camera, options.fps, resize, self._take, self.finish, news)
        self.reader.start()

    @property
    def health(self) -> Health:
        return self.reader.health

    def finish(self) -> None:
        """Nothing more is read; what goes on ends once all is answered."""
        if not self._ending:
            self._ending = True
            self.seat.finish()

    def _take(self, picture: Picture) -> None:
        """A frame, in the reader's thread."""
        if self._ending:
            return
        if len(self.told) >= _UNTOLD:
            self.health.drops += 1
            return
        before = self.seat.dropped
        self.seat.offer(picture.image, picture.time, chosen=True, arrived=picture.arrived)
        self.health.drops += self.seat.dropped - before

    def _answered(self, told: Told) -> None:
        """In a thread of the engine's."""
        health = self.health
        health.model_cpu += told.cpu
        if told.prediction is not None:
            health.answered(told.latency, time.monotonic())
        if told.error is not None:
            self.reader.fail(str(told.error))
        with self._news:
            for event in told.events:
                if event.end is None:
                    self.current[event.index] = event
                else:
                    self.current.pop(event.index, None)
            if told.prediction is not None or told.events:
                self.told.append(Answer(self.camera, told.prediction, told.events, told.latency))
            self.over = self.over or told.over
            self._news.notify_all()


class Watching(Watch):
    """Watches cameras in this process.

    Each camera has a thread that reads it, and an `Engine` answers their newest frames, with a
    thread for each core but no more than there are cameras.
    """

    def __init__(
        self, classifier: Classifier, cameras: Sequence[Camera], *, threads: int | None = None
    ) -> None:
        """Begin to read all of them.

        Args:
            classifier: the model.
            cameras: which.
            threads: how many answer; None: one for each core, but no more than there are cameras.

        Raises:
            UsageError: there is none, or two have the same name.
        """
        check_names(cameras)
        self._news = threading.Condition()
        self._stopped = False
        self._engine = Engine({"": classifier.loads(threads or min(len(cameras), cores()))})
        self._watched = [
            _Watched(camera, classifier, self._engine, self._news) for camera in cameras
        ]

    @property
    def health(self) -> dict[str, Health]:
        """How each camera does, by its name."""
        return {watched.camera.name: watched.health for watched in self._watched}

    def current(self) -> dict[str, list[Event]]:
        """The events that go on now, as they began, by the camera's name."""
        with self._news:
            return {w.camera.name: list(w.current.values()) for w in self._watched}

    def stop(self) -> None:
        """Have the iteration end; may be called from a signal's handler or another thread."""
        self._stopped = True

    @property
    def over(self) -> bool:
        """Whether all sources have ended and all is told, or `stop` was called."""
        return self._stopped or all(watched.state == State.ENDED for watched in self._watched)

    def wait(self, seconds: float) -> list[Answer]:
        """What there is to tell; waits for it no longer than so many seconds."""
        with self._news:
            answers = self._new()
            if not answers:
                self._news.wait(seconds)
                answers = self._new()
        return answers

    def finish(self) -> list[Answer]:
        """Read no more; gives what is still to be told, to the ends of all that goes on."""
        for watched in self._watched:
            watched.reader.stop()
            watched.finish()
        with self._news:
            self._news.wait_for(lambda: all(w.over for w in self._watched), _JOIN_SECONDS)
            return self._new()

    def close(self) -> None:
        """Stop reading and answering."""
        self._stopped = True
        for watched in self._watched:
            watched.reader.stop()
        until = time.monotonic() + _JOIN_SECONDS
        for watched in self._watched:
            watched.reader.join(max(0.0, until - time.monotonic()))
        self._engine.close()

    def _new(self) -> list[Answer]:
        """What has not been told; with the lock of `news` held."""
        answers = []
        for watched in self._watched:
            changes = watched.reader.changes
            if watched.state is None:  # how it began
                changes.insert(0, State.CONNECTING)
            for state in changes:
                # The last frame is answered before the end is told.
                if state not in (watched.state, State.ENDED):
                    watched.state = state
                    answers.append(Answer(watched.camera, None, state=state))
            changes.clear()
            answers += watched.told
            watched.told.clear()
            if watched.health.state == State.ENDED != watched.state and watched.over:
                watched.state = State.ENDED
                answers.append(Answer(watched.camera, None, state=State.ENDED))
        return answers
