"""Events: which action began when, and ended when, from scores that come moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from movinet.errors import UsageError
from movinet.models import ModelInfo
from movinet.stream.prediction import Event, Prediction

_Doubles = np.ndarray[Any, np.dtype[np.float64]]
_OFF = 0.3
_ROUNDING = 1e-6  # seconds; what many small parts that are added up may lack


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOptions:
    """When scores are an event.

    Attributes:
        on: a score (0..1) with which one begins.
        off: a score below which it ends; the two differ so that one about the threshold is not
            many (hysteresis). None: 0.3, or `on` where that is lower; the options have it then.
        minimum: seconds that an event lasts at least; it is announced when it has. Only a moment
            with a score of 1 and a full memory counts whole; one with a lower score counts by how
            far it is above `on`, (score - on) / (1 - on), and one that speaks of half the memory
            counts half. So what is certain is told soon, and what is doubtful has to last.
        join: seconds below `off` that do not end it.
        cool_down: seconds after its end in which the same action does not begin again.
        margin: how far above every other label a score must be to begin.
        background: labels that mean "nothing"; None: the one that the model names.
        memory: seconds that the scores speak of, shorter than the horizon of a model: what lies
            longer back keeps a new action from being seen.
    """

    on: float = 0.5
    off: float | None = None
    minimum: float = 0.75
    join: float = 1.0
    cool_down: float = 0.0
    margin: float = 0.0
    background: tuple[str, ...] | None = None
    memory: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.on < 1:
            raise UsageError(f"on must be above 0 and below 1, not {self.on:g}")
        if self.off is None:
            object.__setattr__(self, "off", min(_OFF, self.on))
        elif not 0 <= self.off <= self.on:
            raise UsageError(f"off must be from 0 to on ({self.on:g}), not {self.off:g}")
        if not 0 <= self.margin < 1:
            raise UsageError(f"margin must be from 0 to 1, not {self.margin:g}")
        for name in ("minimum", "join", "cool_down"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise UsageError(f"{name.replace('_', '-')} must be 0 s or more, not {value:g}")
        if not 0 < self.memory < float("inf"):
            raise UsageError(f"memory must be above 0 s, not {self.memory:g}")

    def frames(self, fps: Fraction, horizon: int | None) -> int:
        """The memory in frames; no more than `horizon`."""
        frames = max(1, round(Fraction(self.memory) * fps))
        return frames if horizon is None else min(frames, horizon)


@dataclass(slots=True)
class _Course:
    """An action that has a high score now, or had a moment ago.

    Attributes:
        start: seconds, of the event.
        last: seconds, when the score was high last.
        end: seconds, of the event were it over.
        lasted: seconds, by how much each moment counts.
        announced: whether it has lasted long enough to be told.
    """

    start: Fraction
    last: Fraction
    end: Fraction
    peak: float
    lasted: float = 0.0
    announced: bool = False


class EventDetector:
    """Turns the scores of one stream into events, as they come.

        classifier = movinet.load(events=EventOptions())
        detector = classifier.detector()
        for prediction in classifier.watch("match.mp4"):
            for event in detector.push(prediction):
                print(event.label, event.start, event.end or "goes on")
        detector.finish()                                # what still went on

    Each event is given twice: with `end` None when it has begun, and when it has ended. A stream
    over a file and one over a camera give the same.
    """

    def __init__(
        self, info: ModelInfo, options: EventOptions, *, fps: Fraction, memory: int
    ) -> None:
        """Of a stream that has begun.

        Args:
            info: the model, for its labels.
            options: what an event is.
            fps: frames per second that the model is given.
            memory: frames that its scores speak of.

        Raises:
            UsageError: when a background label is none of the model's.
        """
        self.options = options
        self._info, self._fps, self._memory = info, fps, memory
        self._join, self._cool_down = Fraction(options.join), Fraction(options.cool_down)
        self._nothing = self._background()
        self._courses: dict[int, _Course] = {}
        self._ended: dict[int, Fraction] = {}
        self._now: Fraction | None = None
        self._seen = self._spoken = 0

    def push(self, prediction: Prediction) -> list[Event]:
        """What has begun and what has ended with this prediction, in the order of time."""
        # As doubles, as the thresholds are: the 0.9 of float32 is less than 0.9.
        now, scores = prediction.time, prediction.scores.astype(np.float64)
        told = []
        # A stream that has begun anew was blind for a while: what went on before it is over.
        if prediction.index < self._seen:
            told += self.finish()
        elif prediction.memory < self._spoken:
            self._cut()
        passed = 0.0 if self._now is None else float(now - self._now)
        self._now, self._seen, self._spoken = now, prediction.index + 1, prediction.memory
        delay = self.delay(prediction.memory)
        passed *= prediction.memory / self._memory
        for index in self._high(scores):
            told += self._rise(index, float(scores[index]), delay, passed)
        for index in list(self._courses):
            course = self._courses[index]
            if now - course.last > self._join:
                told += self._close(index, course.end)
        return sorted(told, key=lambda event: event.end or event.start)

    def _cut(self) -> None:
        """What lasted to the last picture before a cut ends there, if it does not go on."""
        for course in self._courses.values():
            if course.last == self._now:
                course.end = course.last

    def finish(self) -> list[Event]:
        """The stream is over: the end of all that still goes on."""
        told = []
        for index in list(self._courses):
            course = self._courses[index]
            # What lasts to the last picture ends with it: there is nothing later to wait for.
            told += self._close(index, course.last if course.last == self._now else course.end)
        return sorted(told, key=lambda event: event.end or event.start)

    @property
    def current(self) -> list[Event]:
        """What goes on now, the oldest first."""
        going = [
            self._event(index, course, None)
            for index, course in self._courses.items()
            if course.announced
        ]
        return sorted(going, key=lambda event: event.start)

    def delay(self, frames: int | None = None) -> Fraction:
        """Seconds that scores come late in the mean, which the times of events do not.

        They are means over the memory, and speak of its middle.

        Args:
            frames: that the scores speak of; None: as many as the memory holds.
        """
        return ((self._memory if frames is None else frames) - 1) / (2 * self._fps)

    def _background(self) -> list[int]:
        names = self.options.background
        if names is None:
            names = () if self._info.background is None else (self._info.background,)
        labels = [self._info.label(index) for index in range(self._info.classes)]
        for name in names:
            if name not in labels:
                raise UsageError(f"{self._info.name} has no label {name!r} for the background")
        return [labels.index(name) for name in names]

    def _high(self, scores: _Doubles) -> list[int]:
        """Classes whose score begins an event or lets it go on."""
        options = self.options
        found = [index for index in self._courses if scores[index] >= options.off]
        for index in np.flatnonzero(scores >= options.on).tolist():
            if index in self._courses or index in self._nothing:
                continue
            if options.margin:
                others = np.delete(scores, index)
                if scores[index] - others.max(initial=0.0) < options.margin:
                    continue
            found.append(index)
        return found

    def _rise(self, index: int, score: float, delay: Fraction, passed: float) -> list[Event]:
        """A score is high now; `passed`: the seconds since the last ones, as they count."""
        now, course = self._now, self._courses.get(index)
        assert now is not None
        if course is None:
            ended = self._ended.get(index)
            if ended is not None and now - ended <= self._cool_down:
                return []
            start = now - delay
            if ended is not None:
                start = max(start, ended)
            course = self._courses[index] = _Course(start, now, now, score)
        else:
            on = self.options.on
            course.lasted += passed * max(0.0, (score - on) / (1 - on))
        course.last, course.end = now, max(now - delay, course.start)
        course.peak = max(course.peak, score)
        if course.announced or course.lasted < self.options.minimum - _ROUNDING:
            return []
        course.announced = True
        return [self._event(index, course, None)]

    def _close(self, index: int, end: Fraction) -> list[Event]:
        course = self._courses.pop(index)
        if not course.announced:
            return []
        self._ended[index] = end
        return [self._event(index, course, end)]

    def _event(self, index: int, course: _Course, end: Fraction | None) -> Event:
        return Event(self._info.label(index), index, course.start, end, course.peak)
