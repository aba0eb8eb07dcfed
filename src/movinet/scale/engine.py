"""`Engine`: many streams on a few threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from movinet.errors import MovinetError, UsageError
from movinet.frames import Image
from movinet.models import ModelInfo
from movinet.runtime import StepModel
from movinet.scale.seat import Answer, Decode, Seat, Work
from movinet.stream import EventOptions, Stream, StreamOptions

# The stream that a load of the model stepped last has its state in the network there: to move it
# costs a copy, and waits for the step that goes on. So for this many seconds it is left to whoever
# has that load. All others are anybody's, so that a core that others use too starves nobody.
_PATIENCE = 0.05


@dataclass(frozen=True, slots=True)
class Share:
    """What the streams of an engine get of what they ask for.

    Attributes:
        streams: how many there are now.
        answered: frames that were answered, of all streams that have ever been.
        dropped: frames whose place a newer one took before they were answered.
        least, most: answers of the streams that are there over their frames, 0 to 1: of the one
            that gets least, and of the one that gets most. 1 while nobody has asked for anything.
    """

    streams: int
    answered: int
    dropped: int
    least: float
    most: float


class Engine:
    """Answers the streams of any number of callers, each in turn with its newest frame.

        with Engine({"starter": [open_model(path) for _ in range(cores())]}) as engine:
            seat = engine.join("starter", options, print)
            seat.offer(image, 0.0)
            ...
            seat.leave()

    Each thread has its own load of each model, because the steps of one load take turns, and
    decodes the pictures that it answers. Whoever waits longest is answered next; a stream has at
    most one frame that waits, so that nobody can hold the others up.
    """

    def __init__(
        self,
        models: Mapping[str, Sequence[StepModel]],
        *,
        decoder: Callable[[], Decode] | None = None,
    ) -> None:
        """Begin.

        Args:
            models: loads of the same file, by the model's name: of each as many as there are to be
                threads.
            decoder: makes what decodes the frames that are offered as bytes, one for each thread;
                it raises a `MovinetError` for those that it does not like, which ends their stream.

        Raises:
            UsageError: there is none, or not the same number of loads of each.
        """
        counts = {len(loads) for loads in models.values()}
        if len(counts) != 1 or counts == {0}:
            raise UsageError("an engine needs models, and as many loads of one as of another")
        self.news = threading.Condition()
        self.infos = {name: loads[0].info for name, loads in models.items()}
        self._closed = False
        self._seats: set[Seat] = set()
        self._gone = [0, 0]  # answered and dropped, of streams that have left
        self._waiting: dict[Seat, float] = {}  # since when; the first has waited longest
        self._models = [
            {name: loads[worker] for name, loads in models.items()} for worker in range(*counts)
        ]
        # Whom each worker has just answered, and whom it took last.
        self._done: list[Seat | None] = [None] * len(self._models)
        self._latest: list[Seat | None] = [None] * len(self._models)
        self._threads = [
            threading.Thread(
                target=self._run, args=(worker, (decoder or _undecided)()), daemon=True
            )
            for worker in range(len(self._models))
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
        events: EventOptions | None = None,
    ) -> Seat:
        """A place for a new stream.

        Args:
            model: which.
            options: of the stream; with `events`, those are told too.
            tell: called with each answer, in a worker's thread; it must not wait for anything.
            stream: a stream on `self.model(model)` to go on with, whose events the caller finds;
                None: one that has seen nothing.
            events: other rules for its events than those of `options`, whose memory stays.

        Raises:
            UsageError: there is no such model, or the engine is closed.
        """
        self.info(model)
        seat = Seat(self, model, options, tell, stream, events)
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

    @property
    def share(self) -> Share:
        """What the streams get; under a load that is too much, each the same part of its frames."""
        with self.news:
            counts = [(seat.answered, seat.dropped) for seat in self._seats]
            answered, dropped = self._gone
        parts = [got / (got + lost) for got, lost in counts if got + lost]
        return Share(
            streams=len(counts),
            answered=answered + sum(got for got, _ in counts),
            dropped=dropped + sum(lost for _, lost in counts),
            least=min(parts, default=1.0),
            most=max(parts, default=1.0),
        )

    def close(self, reason: str = "the engine was closed") -> None:
        """Tell all streams that it is over, and why, and end the threads."""
        with self.news:
            self._closed = True
            self.news.notify_all()
            seats = list(self._seats)
        for thread in self._threads:
            thread.join()
        for seat in seats:
            _say(seat, Answer(over=True, error=MovinetError(reason)))
            seat.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
            seat.forget()
            if seat in self._seats:
                self._seats.remove(seat)
                self._gone[0] += seat.answered
                self._gone[1] += seat.dropped
            self._waiting.pop(seat, None)
            self._latest = [None if latest is seat else latest for latest in self._latest]

    # -- workers ---------------------------------------------------------------------------------

    def _run(self, worker: int, decode: Decode) -> None:
        while (found := self._next(worker)) is not None:
            seat, work = found
            # One stream's misfortune must not be that of all.
            try:
                answer = seat.step(work, worker, self._models[worker][seat.model], decode)
            except Exception as error:
                logging.getLogger("movinet").exception("a stream failed")
                answer = Answer(dropped=seat.dropped, over=True, error=error)
            _say(seat, answer)
            if answer.over:
                self.leave(seat)
            self._done[worker] = seat
            del found, seat, work, answer  # who has left is not remembered until the next one comes

    def _next(self, worker: int) -> tuple[Seat, Work] | None:
        """The stream that is this worker's, once there is something to do; None: it is to end."""
        with self.news:
            done, self._done[worker] = self._done[worker], None
            if done is not None:
                done.busy = False
                self.wake(done)
                del done
            while not self._closed:
                seat, pause = self._choose(worker)
                if seat is not None:
                    del self._waiting[seat]
                    seat.busy = True
                    self._latest[worker] = seat
                    return seat, seat.take()
                self.news.wait(pause)
        return None

    def _choose(self, worker: int) -> tuple[Seat | None, float | None]:
        """A stream to answer now; else how long to wait before looking again."""
        now, pause = time.monotonic(), None
        for seat, since in self._waiting.items():
            left = _PATIENCE - (now - since)
            if left <= 0 or seat.home in (None, worker) or self._latest[seat.home] is not seat:
                return seat, None
            pause = left if pause is None else min(pause, left)
        return None, pause


def _say(seat: Seat, answer: Answer) -> None:
    try:
        seat.say(answer)
    except Exception:
        logging.getLogger("movinet").exception("an answer could not be told")


def _undecided() -> Decode:
    def refuse(data: bytes) -> Image:
        raise UsageError("frames must be pictures: this engine has no decoder")

    return refuse
