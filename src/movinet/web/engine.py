"""`Engine`: many streams on a few threads."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from movinet.errors import MovinetError, UsageError
from movinet.models import ModelInfo
from movinet.runtime import StepModel, open_model
from movinet.stream import Stream, StreamOptions
from movinet.web.jpeg import JpegDecoder
from movinet.web.seat import Answer, Seat, Work

# A stream stays with the load of the model that knows its state: moving it costs a copy, and waits
# for the step that goes on there. A worker takes one of another's once it has waited this many
# seconds longer than its own have.
_PATIENCE = 0.05


class Engine:
    """Answers the streams of any number of callers, each in turn with its newest frame.

        with Engine({"starter": (path, info)}) as engine:
            seat = engine.join("starter", options, print)
            seat.offer(jpeg, 0.0)
            ...
            seat.leave()

    Each thread has its own load of each model, because the steps of one load take turns, and
    decodes the pictures that it answers. Whoever waits longest is answered next; a stream has at
    most one frame that waits, so that nobody can hold the others up.
    """

    def __init__(
        self,
        models: Mapping[str, tuple[Path, ModelInfo]],
        *,
        threads: int | None = None,
        largest: int = 4096,
    ) -> None:
        """Load the models and begin.

        Args:
            models: the file and the contract of each, by its name.
            threads: how many answer; None: one for each core that the process may use.
            largest: pixels that the width and the height of a picture may have.

        Raises:
            ModelError: one of them cannot be loaded.
        """
        self.news = threading.Condition()
        self.infos = {name: info for name, (_, info) in models.items()}
        self._closed = False
        self._seats: set[Seat] = set()
        self._waiting: dict[Seat, float] = {}  # since when; the first has waited longest
        count = threads or cores()
        self._models = [
            {name: open_model(path, info=info) for name, (path, info) in models.items()}
            for _ in range(count)
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(worker, JpegDecoder(largest)), daemon=True)
            for worker in range(count)
        ]
        for thread in self._threads:
            thread.start()

    # -- for streams -----------------------------------------------------------------------------

    def join(
        self,
        model: str,
        options: StreamOptions,
        tell: Callable[[Answer], None],
        *,
        stream: Stream | None = None,
    ) -> Seat:
        """A place for a new stream.

        Args:
            model: which.
            options: of the stream; with `events`, those are told too.
            tell: called with each answer, in a worker's thread; it must not wait for anything.
            stream: a stream on `self.model(model)` to go on with; None: one that has seen nothing.

        Raises:
            UsageError: there is no such model, or the engine is closed.
        """
        self.info(model)
        seat = Seat(self, model, options, tell, stream)
        with self.news:
            if self._closed:
                raise UsageError("the engine is closed")
            self._seats.add(seat)
        return seat

    def info(self, model: str) -> ModelInfo:
        """The contract of a model.

        Raises:
            UsageError: there is none of that name.
        """
        if model not in self.infos:
            raise UsageError(f"unknown model {model[:100]!r}: there are {', '.join(self.infos)}")
        return self.infos[model]

    def model(self, name: str) -> StepModel:
        """A load of a model, to make streams for `join` on."""
        return self._models[0][name]

    @property
    def streams(self) -> int:
        """How many there are now."""
        return len(self._seats)

    def close(self) -> None:
        """Tell all streams that it is over, and end the threads."""
        with self.news:
            self._closed = True
            self.news.notify_all()
            seats = list(self._seats)
        for thread in self._threads:
            thread.join()
        for seat in seats:
            _say(seat, Answer(over=True, error=MovinetError("the server is stopping")))
            seat.leave()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    # -- for seats -------------------------------------------------------------------------------

    def wake(self, seat: Seat) -> None:
        """There is something to do for a stream; with the lock of `news` held."""
        if seat.wanting and not seat.busy and seat not in self._waiting:
            self._waiting[seat] = time.monotonic()
            self.news.notify_all()

    def leave(self, seat: Seat) -> None:
        """A stream goes."""
        with self.news:
            seat.closed = True
            seat.take()
            self._seats.discard(seat)
            self._waiting.pop(seat, None)

    # -- workers ---------------------------------------------------------------------------------

    def _run(self, worker: int, decode: JpegDecoder) -> None:
        while (found := self._next(worker)) is not None:
            seat, work = found
            # One stream's misfortune must not be that of all.
            try:
                answer = seat.step(work, worker, self._models[worker][seat.model], decode)
            except Exception as error:
                logging.getLogger("movinet").exception("a stream failed")
                answer = Answer(dropped=seat.dropped, over=True, error=error)
            _say(seat, answer)
            with self.news:
                seat.busy = False
                self.wake(seat)
            del found, seat, work, answer  # who has left is not remembered until the next one comes

    def _next(self, worker: int) -> tuple[Seat, Work] | None:
        """The stream that is this worker's, once there is something to do; None: it is to end."""
        with self.news:
            while not self._closed:
                seat, pause = self._choose(worker)
                if seat is not None:
                    del self._waiting[seat]
                    seat.busy = True
                    return seat, seat.take()
                self.news.wait(pause)
        return None

    def _choose(self, worker: int) -> tuple[Seat | None, float | None]:
        """A stream to answer now; else how long to wait before looking again."""
        if not self._waiting:
            return None, None
        now = time.monotonic()
        oldest, since = next(iter(self._waiting.items()))
        mine = next((seat for seat in self._waiting if seat.home in (None, worker)), None)
        longer = (now if mine is None else self._waiting[mine]) - since
        if longer >= _PATIENCE:
            return oldest, None
        return mine, _PATIENCE - longer


def _say(seat: Seat, answer: Answer) -> None:
    try:
        seat.say(answer)
    except Exception:
        logging.getLogger("movinet").exception("an answer could not be told")


def cores() -> int:
    """How many the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
