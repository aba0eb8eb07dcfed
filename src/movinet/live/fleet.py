"""`Fleet`: more cameras than one process watches well."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from movinet.errors import ModelError, UsageError
from movinet.live.camera import Camera
from movinet.live.health import Health, State
from movinet.live.shard import Packed, Share, unpack
from movinet.live.watch import Answer, Watch, check_names
from movinet.processes import Process, cores
from movinet.stream import Classifier, Event

# Where Python's lock is shared, a machine's cores give an eighth fewer steps than in processes of
# their own (docs/scale.md); for few cameras a process costs more than that.
_CAMERAS_A_PROCESS = 8
_JOIN_SECONDS = 3.0
_UNTOLD = 1000  # answers that may wait to be asked for
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_GOOD = 10.0  # seconds; a process that has lasted so long was a good one


def processes_for(cameras: int) -> int:
    """How many processes so many cameras are watched by; 1: this one does it."""
    return min(cores(), -(-cameras // _CAMERAS_A_PROCESS))


class _Shard:
    """One process, started again when it has died."""

    def __init__(self, fleet: Fleet, share: Share) -> None:
        self.share, self.over = share, False
        self._fleet, self._pause = fleet, _FIRST_PAUSE
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._start()

    def finish(self) -> None:
        """Have it tell the ends of what goes on."""
        if self._process is not None:
            self._process.send("finish")

    def close(self) -> None:
        """End it now."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _start(self) -> None:
        with self._lock:
            if not self._fleet.stopped:
                self._begun = time.monotonic()
                self._process = Process("movinet.live.shard")
                self._process.listen(self._told, self._ended)
                self._process.send(self.share)

    def _told(self, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "told":
            self._fleet.told(*rest)
        elif kind == "failed":
            wrong_usage, text = rest
            self._fleet.fail(UsageError(text) if wrong_usage else ModelError(text))
        else:
            self.over = True

    def _ended(self, process: Process) -> None:
        if self.over or self._fleet.stopped:
            self.over = True
            self._fleet.wake()
            return
        self._fleet.lost(self.share.cameras, f"its process {process.reason()}")
        if time.monotonic() - self._begun > _GOOD:
            self._pause = _FIRST_PAUSE
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._start()


class Fleet(Watch):
    """Watches cameras as `Watching` does, in processes of their own, each with its share of them.

    A process that dies, because a decoder crashed or the system needed its memory, takes its
    cameras along; they are lost for a moment, and it is started again.
    """

    def __init__(
        self, classifier: Classifier, cameras: Sequence[Camera], processes: int | None = None
    ) -> None:
        """Begin to read all of them.

        Args:
            classifier: made by `movinet.load`.
            cameras: which.
            processes: how many; None: see `processes_for`.

        Raises:
            UsageError: there is no camera, two have the same name, or the classifier has no file.
        """
        check_names(cameras)
        if classifier.file is None:
            raise UsageError("this classifier has no file that a process could load")
        self.stopped = False
        self._info = classifier.info
        self._cameras = {camera.name: camera for camera in cameras}
        self._news = threading.Condition()
        self._told: deque[Answer] = deque()
        self._health = {camera.name: Health() for camera in cameras}
        self._current: dict[str, dict[int, Event]] = {camera.name: {} for camera in cameras}
        self._last = {camera.name: Fraction(0) for camera in cameras}  # seconds
        self._failure: Exception | None = None
        count = min(processes or processes_for(len(cameras)), len(cameras))
        shares = [
            Share(classifier.file, classifier.options, tuple(cameras[number::count]))
            for number in range(count)
        ]
        self._shards = [_Shard(self, share) for share in shares]

    @property
    def health(self) -> dict[str, Health]:
        """How each camera does, by its name."""
        with self._news:
            return dict(self._health)

    def current(self) -> dict[str, list[Event]]:
        """The events that go on now, as they began, by the camera's name."""
        with self._news:
            return {name: list(events.values()) for name, events in self._current.items()}

    @property
    def over(self) -> bool:
        """Whether all sources have ended and all is told, or `stop` was called."""
        return self.stopped or (not self._told and all(shard.over for shard in self._shards))

    def stop(self) -> None:
        """Have the iteration end; may be called from a signal's handler or another thread."""
        self.stopped = True

    def wait(self, seconds: float) -> list[Answer]:
        """What there is to tell; waits for it no longer than so many seconds.

        Raises:
            ModelError, UsageError: the processes cannot do their work.
        """
        with self._news:
            if not self._told and self._failure is None:
                self._news.wait(seconds)
            if self._failure is not None:
                raise self._failure
            return self._new()

    def finish(self) -> list[Answer]:
        """Read no more; gives what is still to be told, to the ends of all that goes on."""
        self.stopped = True
        for shard in self._shards:
            shard.finish()
        with self._news:
            self._news.wait_for(lambda: all(shard.over for shard in self._shards), _JOIN_SECONDS)
            return self._new()

    def close(self) -> None:
        """Stop all processes."""
        self.stopped = True
        for shard in self._shards:
            shard.close()

    def _new(self) -> list[Answer]:
        answers = list(self._told)
        self._told.clear()
        self._news.notify_all()
        return answers

    # -- from the threads that listen to processes ------------------------------------------------

    def told(self, packed: list[Packed], health: dict[str, Health] | None) -> None:
        """What there is to tell of some cameras."""
        with self._news:
            # Where nobody asks, the process has to wait, and drops frames.
            self._news.wait_for(lambda: len(self._told) < _UNTOLD or self.stopped)
            self._health.update(health or {})
            for one in packed:
                answer = unpack(one, self._cameras, self._info)
                name = answer.camera.name
                going = self._current[name]
                if answer.prediction is not None:
                    self._last[name] = answer.prediction.time
                for event in answer.events:
                    if event.end is None:
                        going[event.index] = event
                    else:
                        going.pop(event.index, None)
                self._told.append(answer)
            self._news.notify_all()

    def lost(self, cameras: Sequence[Camera], reason: str) -> None:
        """Their process has died; what went on ends with the last that was heard of it."""
        with self._news:
            for camera in cameras:
                health = self._health[camera.name]
                if health.state == State.ENDED:
                    continue
                health.state, health.reason = State.LOST, reason
                last = self._last[camera.name]
                ends = tuple(
                    replace(event, end=max(event.start, last))
                    for event in self._current[camera.name].values()
                )
                self._current[camera.name].clear()
                self._told.append(Answer(camera, None, ends, state=State.LOST))
            self._news.notify_all()

    def fail(self, error: Exception) -> None:
        """No process can do it."""
        with self._news:
            self._failure = error
            self._news.notify_all()

    def wake(self) -> None:
        """Something has changed."""
        with self._news:
            self._news.notify_all()
