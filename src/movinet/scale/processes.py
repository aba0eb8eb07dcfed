"""`Processes`: videos on the cores of this machine."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from movinet.errors import MovinetError, UsageError
from movinet.processes import Process
from movinet.scale.job import Job
from movinet.scale.ledger import Listener
from movinet.scale.worker import Messages, Worker

# Seconds without a frame after which a video counts as one that does not come to an end.
PATIENCE = 300.0
# Workers in a row that may die before they are ready.
_MOST_STILLBORN = 3


class Processes:
    """So many processes, each with the model loaded once; used in a `with` statement.

    A worker that dies takes nothing along: its video is tried again in a fresh one, when the
    others are done. Workers live until the statement ends, so that `run` may be called again.
    """

    def __init__(
        self,
        job: Job,
        jobs: int,
        *,
        patience: float = PATIENCE,
        started: Iterable[Process] = (),
    ) -> None:
        """Nothing is started yet.

        Args:
            job: how to classify.
            jobs: processes at the same time.
            patience: seconds without a frame after which a try has failed.
            started: processes of `worker.MODULE` to begin with, which nobody has spoken to.
        """
        self._job, self._jobs, self._patience = job, jobs, patience
        self._messages: Messages = queue.SimpleQueue()
        self._workers: set[Worker] = set()
        self._started = list(started)
        self._stillborn = 0
        self._most = 0  # workers at the same time

    @property
    def workers(self) -> str:
        """What does the work, for people."""
        return "1 process" if self._most == 1 else f"{self._most} processes"

    def check(self) -> None:
        """Wait until a worker has loaded the model.

        Raises:
            MovinetError: none can.
        """
        while not any(worker.ready for worker in self._workers):
            if not self._workers:
                self._add()
            worker, message = self._messages.get()
            if self._hear_of(worker, message):
                self._bury(worker)

    def run(self, videos: Iterable[str], listener: Listener) -> None:
        """Have videos classified, in about their order.

        Raises:
            MovinetError: when the run cannot go on: the model cannot be loaded by a worker, or
                something cannot be written.
        """
        todo = deque(videos)
        while True:
            self._hand_out(todo, listener)
            busy = [worker for worker in self._workers if worker.video is not None]
            if not todo and not busy:
                return
            try:
                worker, message = self._messages.get(timeout=min(1.0, self._patience / 4))
            except queue.Empty:
                pass
            else:
                self._hear(worker, message, todo, listener)
            self._stop_stalled()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.kill()
        for process in self._started:
            process.kill()
        self._workers.clear()
        self._started.clear()

    def _hand_out(self, todo: deque[str], listener: Listener) -> None:
        for worker in self._workers:
            while todo and worker.ready and worker.video is None:
                video = todo.popleft()
                given_up = listener.begin(video)
                if given_up is None:
                    worker.give(video)
                else:
                    listener.done(given_up)
        idle = sum(worker.video is None for worker in self._workers)
        while len(self._workers) < self._jobs and idle < len(todo):
            self._add()
            idle += 1

    def _add(self) -> None:
        process = self._started.pop() if self._started else None
        self._workers.add(Worker(self._job, self._messages, process))
        self._most = max(self._most, len(self._workers))

    def _hear(
        self, worker: Worker, message: tuple[Any, ...], todo: deque[str], listener: Listener
    ) -> None:
        """What a worker says, while videos are under way."""
        what, *values = message
        if what == "reached":
            worker.heard = time.monotonic()
            if worker.video is not None:
                listener.reached(worker.video, *values)
        elif what == "done":
            worker.heard, worker.video = time.monotonic(), None
            listener.done(values[0])
        elif self._hear_of(worker, message):
            self._bury(worker)
            if worker.video is not None:
                given_up = listener.broke(worker.video, worker.reason())
                if given_up is None:
                    todo.append(worker.video)
                else:
                    listener.done(given_up)

    def _hear_of(self, worker: Worker, message: tuple[Any, ...]) -> bool:
        """What a worker says of itself; gives whether it was the last."""
        worker.heard = time.monotonic()
        what, *values = message
        if what == "ready":
            worker.ready, self._stillborn = True, 0
        elif what == "fell":
            worker.fault = values[0]
        elif what == "failed":
            wrong_usage, text = values
            raise UsageError(text) if wrong_usage else MovinetError(text)
        return bool(what == "ended")

    def _bury(self, worker: Worker) -> None:
        """A worker has died."""
        self._workers.discard(worker)
        worker.kill()
        if not worker.ready:
            self._stillborn += 1
            if self._stillborn >= _MOST_STILLBORN:
                raise MovinetError(f"cannot start workers: {worker.reason()} before it was ready")

    def _stop_stalled(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.video is not None and now - worker.heard > self._patience:
                worker.fault = f"no frame came of it in {self._patience:g} s"
                worker.kill()
