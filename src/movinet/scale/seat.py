"""`Seat`: the place of one stream in an `Engine`."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from movinet.errors import MovinetError
from movinet.frames import Image, Time, exact_seconds
from movinet.runtime import StepModel
from movinet.stream import (
    Classifier,
    Event,
    EventDetector,
    EventOptions,
    Pace,
    Prediction,
    Stream,
    StreamOptions,
)

if TYPE_CHECKING:
    from movinet.scale.engine import Engine

Decode = Callable[[bytes], Image]


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to tell of one stream.

    Attributes:
        prediction: for its newest frame; None when there is only something else to tell.
        events: what has begun and what has ended.
        dropped: frames so far whose place a newer one took.
        over: nothing more will come.
        error: why it is over, when something went wrong.
        latency: seconds from the arrival of the frame to its answer; 0 without a frame.
        cpu: seconds of processor time that it took.
    """

    prediction: Prediction | None = None
    events: tuple[Event, ...] = ()
    dropped: int = 0
    over: bool = False
    error: Exception | None = None
    latency: float = 0.0
    cpu: float = 0.0


@dataclass(slots=True)
class Frame:
    """One that waits.

    Attributes:
        data: a picture `[H, W, 3]`, or its bytes, to be decoded by who answers it.
        moment: seconds, as the stream's `Pace` gives them; None: of a source that has no times.
        arrived: when it came, by `time.monotonic`.
        anew: whether the stream begins anew with it.
    """

    data: bytes | Image
    moment: Fraction | None
    arrived: float
    anew: bool = False


@dataclass(slots=True)
class Work:
    """What a worker is to do for a stream, in this order."""

    reset: bool
    frame: Frame | None
    finish: bool


class Seat:
    """One stream in an engine; made by `Engine.join`, to be left at any moment.

    Frames are handed in from any one thread; answers are told in a worker's.

    Attributes:
        answered: frames so far that were answered.
        dropped: frames so far whose place a newer one took.
    """

    def __init__(
        self,
        engine: Engine,
        model: str,
        options: StreamOptions,
        tell: Callable[[Answer], None],
        stream: Stream | None,
        events: EventOptions | None,
    ) -> None:
        self.model, self.options = model, options
        # Which worker's load of the model the stream is on; None: it has not begun.
        self.home: int | None = None if stream is None else 0
        self.busy, self.closed = False, False
        self.answered = self.dropped = 0
        self._engine, self._tell, self._events = engine, tell, events
        self._pace = Pace(options.fps, options.horizon)
        self._stream = stream
        self._detector: EventDetector | None = None
        self._work = Work(False, None, False)

    # -- from outside ----------------------------------------------------------------------------

    def offer(
        self,
        data: bytes | Image,
        time: Time | None,
        *,
        chosen: bool = False,
        arrived: float | None = None,
    ) -> bool:
        """A frame. It is answered if the model's frame rate takes it and no newer one comes first.

        Args:
            data: a picture `[H, W, 3]` uint8, or bytes that the engine's decoder knows.
            time: seconds on any clock that goes forward; None: of a source that has no times,
                whose frames are all taken.
            chosen: it is taken whatever its time: it comes from a source that was opened at the
                model's frame rate.
            arrived: when it came, by `time.monotonic`; None: now.

        Returns:
            Whether it is taken: then it is answered, or counted in `dropped`, or the stream is told
            why it is over.

        Raises:
            UsageError: the time is no finite number.
        """
        moment, anew = None, False
        if time is not None:
            moment, anew = self._pace.take(exact_seconds(time), chosen=chosen)
            if moment is None:
                return False
        frame = Frame(data, moment, clock.monotonic() if arrived is None else arrived, anew)
        with self._engine.news:
            if self.closed:
                return False
            waiting = self._work.frame
            if waiting is not None:
                self.dropped += 1
                frame.anew = anew or waiting.anew
            self._work.frame = frame
            self._engine.wake(self)
        return True

    def reset(self) -> None:
        """Begin anew: what waits is forgotten, what goes on is told as ended."""
        self._pace.reset()
        with self._engine.news:
            self.forget()
            self._work.reset = True
            self._engine.wake(self)

    def finish(self) -> None:
        """Answer what waits, tell the ends of what goes on, and that it is over."""
        with self._engine.news:
            self._work.finish = True
            self._engine.wake(self)

    def leave(self) -> None:
        """No answer any more; everything is let go."""
        self._engine.leave(self)

    # -- for the engine --------------------------------------------------------------------------

    @property
    def wanting(self) -> bool:
        """Whether there is something to do; with the engine's lock held."""
        work = self._work
        return not self.closed and (work.reset or work.finish or work.frame is not None)

    def forget(self) -> None:
        """Let go of what waits; with the engine's lock held."""
        self.dropped += self._work.frame is not None
        self._work = Work(False, None, False)

    def take(self) -> Work:
        """What there is to do, once; with the engine's lock held."""
        work, self._work = self._work, Work(False, None, False)
        return work

    def step(self, work: Work, worker: int, model: StepModel, decode: Decode) -> Answer:
        """Do it, in the thread of `worker`, with its load of the model."""
        begun, frame, latency = clock.thread_time(), work.frame, 0.0
        try:
            self._move(worker, model)
            told: list[Event] = []
            if work.reset or (frame is not None and frame.anew):
                told += self._begin_anew(model, forget=work.reset)
            prediction = None if frame is None else self._push(frame, decode)
            if prediction is not None and self._detector is not None:
                told += self._detector.push(prediction)
            if work.finish and self._detector is not None:
                told += self._detector.finish()
        except MovinetError as error:
            return Answer(dropped=self.dropped, over=True, error=error)
        if frame is not None:
            self.answered += 1
            latency = clock.monotonic() - frame.arrived
        return Answer(
            prediction,
            tuple(told),
            self.dropped,
            over=work.finish,
            latency=latency,
            cpu=clock.thread_time() - begun,
        )

    def say(self, answer: Answer) -> None:
        """Hand an answer to whom it is for."""
        if not self.closed:
            self._tell(answer)

    def _move(self, worker: int, model: StepModel) -> None:
        if self._stream is None:
            classifier = Classifier(model, self.options)
            self._stream = classifier.stream()
            if self.options.events is not None:
                self._detector = classifier.detector(self._events)
        elif self.home != worker:
            self._stream.move(model)
        self.home = worker

    def _begin_anew(self, model: StepModel, *, forget: bool) -> list[Event]:
        """`forget`: even what the detector knows, as when the client asks for it."""
        assert self._stream is not None
        self._stream.reset()
        if self._detector is None or not forget:
            return []  # the detector sees by itself that the stream has begun anew
        ended = self._detector.finish()
        self._detector = Classifier(model, self.options).detector(self._events)
        return ended

    def _push(self, frame: Frame, decode: Decode) -> Prediction | None:
        assert self._stream is not None
        image = decode(frame.data) if isinstance(frame.data, bytes) else frame.data
        return self._stream.step(self._stream.resize(image), frame.moment)
