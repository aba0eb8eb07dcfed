"""`Classifier`: a loaded model for people who want answers and not tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from movinet.errors import ModelError, SourceError, UsageError
from movinet.frames import Source, SourceSpec, Time, open_source
from movinet.models import ModelInfo
from movinet.runtime import FloatArray, StepModel, open_model
from movinet.stream.events import EventDetector, EventOptions
from movinet.stream.prediction import Event, Prediction, Summary
from movinet.stream.stream import Stream, StreamOptions

# Frames of a file that are decoded before the network sees the first of them.
_READ_AHEAD = 8


@dataclass(frozen=True)
class ModelFile:
    """How a model is loaded; may be sent to another process.

    Attributes:
        path: the file.
        info: its contract.
        backend, threads: as for `movinet.runtime.open_model`.
    """

    path: Path
    info: ModelInfo
    backend: str | None = None
    threads: int = 1

    def open(self) -> StepModel:
        """Load it; see `movinet.runtime.open_model`."""
        return open_model(self.path, info=self.info, backend=self.backend, threads=self.threads)


class Classifier:
    """A model that any number of streams and threads may share.

    Attributes:
        info: the model's contract.
        options: how its streams treat their frames.
        file: what it was loaded from; None: it was made from a model that was loaded elsewhere.
    """

    def __init__(
        self,
        model: StepModel,
        options: StreamOptions | None = None,
        *,
        file: ModelFile | None = None,
    ) -> None:
        self._model = model
        self.options = options or default_options(model.info)
        self.file = file

    @property
    def info(self) -> ModelInfo:
        """The model's contract: labels, size, frame rate and so on."""
        return self._model.info

    def loads(self, count: int) -> list[StepModel]:
        """So many loads of the model, its own the first: threads that share one take turns.

        Raises:
            UsageError: more than one are wanted of a classifier that was not made by `load`.
        """
        if count > 1 and self.file is None:
            raise UsageError("this classifier has no file to load its model from once more")
        return [self._model, *(self.file.open() for _ in range(count - 1) if self.file)]

    def stream(self, *, embeddings: bool | None = None, predict_every: int | None = None) -> Stream:
        """A new stream that has seen nothing.

        Args:
            embeddings: put the pooled feature into each prediction (default: as `load` was told).
            predict_every: answer only every so many model frames (default: as `load` was told).
        """
        options = self.options
        if embeddings is not None:
            options = replace(options, embeddings=embeddings)
        if predict_every is not None:
            options = replace(options, predict_every=predict_every)
        return Stream(self._model, options)

    def detector(self, events: EventOptions | None = None) -> EventDetector:
        """What finds the events of one new stream.

        Args:
            events: other rules for this one; the memory stays that of the streams.

        Raises:
            UsageError: the model was loaded without `events`, or knows no such background label.
        """
        return detector_of(self.info, self.options, events)

    def open(
        self,
        source: SourceSpec,
        *,
        source_fps: Time | None = None,
        start: Time | None = None,
        end: Time | None = None,
    ) -> Source:
        """Open a source at the model's frame rate; arguments as for `movinet.open_source`."""
        return open_source(
            source, fps=self.options.fps, source_fps=source_fps, start=start, end=end
        )

    def watch(
        self,
        source: SourceSpec,
        *,
        source_fps: Time | None = None,
        start: Time | None = None,
        end: Time | None = None,
    ) -> Iterator[Prediction]:
        """Predictions as the source goes on; arguments as for `movinet.open_source`.

        A `Source` that the caller opened stays open; everything else is closed at the end.

        Raises:
            SourceError: when the source cannot be opened or is no video.
        """
        opened = self.open(source, source_fps=source_fps, start=start, end=end)
        try:
            yield from predictions(opened, self.stream())
        finally:
            if opened is not source:
                opened.close()

    def classify(
        self,
        source: SourceSpec,
        *,
        source_fps: Time | None = None,
        start: Time | None = None,
        end: Time | None = None,
    ) -> Summary:
        """A whole video at once; arguments as for `movinet.open_source`.

        A `Source` that the caller opened stays open; everything else is closed at the end.

        Raises:
            SourceError: when the source cannot be opened or holds no picture.
        """
        opened = self.open(source, source_fps=source_fps, start=start, end=end)
        try:
            gathering = Gathering(self)
            for prediction in predictions(opened, gathering.stream):
                gathering.add(prediction)
            gathering.finish()
            return gathering.summary(opened)
        finally:
            if opened is not source:
                opened.close()


class Gathering:
    """The way from the predictions of one video to its `Summary`, in constant memory.

    Attributes:
        stream: to be given the frames.
        events: what has ended so far.
    """

    def __init__(self, classifier: Classifier) -> None:
        self.stream = classifier.stream()
        self.events: list[Event] = []
        self._classifier = classifier
        self._detector = None if classifier.options.events is None else classifier.detector()
        # Of all predictions, and of those that speak of a whole horizon.
        self._totals = np.zeros((2, classifier.info.classes), np.float64)
        self._counts = [0, 0]
        self._last: Prediction | None = None

    def add(self, prediction: Prediction) -> list[Event]:
        """Take in the next prediction; gives what begins and what ends with it."""
        for kind in (0, 1) if self.full(prediction) else (0,):
            self._totals[kind] += prediction.scores
            self._counts[kind] += 1
        self._last = prediction
        return [] if self._detector is None else self._keep(self._detector.push(prediction))

    def full(self, prediction: Prediction) -> bool:
        """Whether a prediction speaks of a whole horizon."""
        horizon = self._classifier.options.horizon
        return horizon is not None and prediction.memory >= horizon

    def finish(self) -> list[Event]:
        """The video is over; gives what ends with it."""
        return [] if self._detector is None else self._keep(self._detector.finish())

    def _keep(self, told: list[Event]) -> list[Event]:
        self.events += [event for event in told if event.end is not None]
        return told

    def summary(self, source: Source) -> Summary:
        """The whole.

        Raises:
            SourceError: when there was no prediction.
        """
        info = self._classifier.info
        frames = self.stream.frames
        if self._last is None:
            every = self._classifier.options.predict_every
            reason = (
                f"{frames} frames are too few to answer every {every}"
                if frames
                else "no picture in it could be decoded"
                if source.damaged_packets
                else "it has no picture, or none in the time asked for"
            )
            raise SourceError(f"cannot read {source.name}: {reason}")
        horizon = self._classifier.options.horizon
        # An endless memory speaks of the whole video already, and so does one that spans it.
        unbroken = self.stream.resets == self.stream.cuts == 0
        whole = horizon is None or (frames <= horizon and unbroken)
        # The first predictions speak of less: what a longer video says would jump with its length.
        kind = 1 if self._counts[1] else 0
        mean = (self._totals[kind] / self._counts[kind]).astype(np.float32)
        scores = self._last.scores if whole else mean
        duration = source.duration
        if duration is None and source.timed:
            duration = self._last.time
        return Summary(
            scores=scores,
            frames=frames,
            duration=duration,
            damaged_packets=source.damaged_packets,
            mended_times=source.mended_times,
            ended_early=source.ended_early,
            info=info,
            embedding=self._embedding(),
            events=tuple(self.events),
        )

    def _embedding(self) -> FloatArray | None:
        try:
            return self.stream.embedding()
        except ModelError:
            return None


def predictions(source: Source, stream: Stream) -> Iterator[Prediction]:
    """What `stream` says to the frames of `source`.

    Frames of a live source are answered as they come. Of others a few are read ahead: decoding
    and the network each need the processor's cache for themselves, and taking turns at every
    frame costs a twentieth of the time (measured on a 568x320 clip, A0 int8).
    """
    ahead = 1 if source.live else _READ_AHEAD
    frames = iter(source)
    while batch := [
        (stream.resize(frame.image, frame.sample_aspect_ratio), frame.time)
        for frame in islice(frames, ahead)
    ]:
        for image, time in batch:
            answer = stream.push(image, time if source.timed else None)
            if answer is not None:
                yield answer


def detector_of(
    info: ModelInfo, options: StreamOptions, events: EventOptions | None = None
) -> EventDetector:
    """What finds the events of one new stream; see `Classifier.detector`."""
    if options.events is None:
        raise UsageError("no events were asked for: load the model with events=EventOptions()")
    memory = options.events.frames(options.fps, options.horizon)
    return EventDetector(info, events or options.events, fps=options.fps, memory=memory)


def default_options(info: ModelInfo) -> StreamOptions:
    """Streams as the model file wants them."""
    return StreamOptions(fps=info.fps, horizon=info.horizon, resize=info.resize)
