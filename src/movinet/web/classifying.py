"""An uploaded video, from its bytes to records."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO

from movinet.errors import SourceError
from movinet.frames.container import ContainerSource
from movinet.outputs.records import Record, event_record, prediction_record, summary_record
from movinet.scale import Answer, Engine
from movinet.stream import Classifier, EventOptions, Gathering, Prediction
from movinet.web.limits import Limits
from movinet.web.messages import stream_options

NAME = "upload"  # what a video is called in records; how the client calls it is its own affair
# Kinds of file that hold their video themselves. Playlists and the like name other files and
# addresses, which FFmpeg would open for whoever sent them.
_FORMATS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,gif,m4v,h264,hevc,ivf,mjpeg,3gp,dv,mxf"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a video."""

    model: str
    top: int
    per_frame: bool
    events: EventOptions | None


class Video:
    """The file of an upload as FFmpeg reads it; `stop` ends that from another thread."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._stopped = file, False

    def stop(self) -> None:
        """Let the next read fail."""
        self._stopped = True

    def read(self, size: int = -1) -> bytes:
        """So many bytes."""
        if self._stopped:
            raise OSError("nobody waits for the answer")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()


class Work:
    """One video; `step` by step, from one thread at a time, so that it can be stopped between."""

    def __init__(self, engine: Engine, limits: Limits, file: IO[bytes], wish: Wish) -> None:
        self._video = Video(file)
        self._records = self._run(engine, limits, wish)
        self._lock = threading.Lock()

    def step(self) -> tuple[Record, ...] | None:
        """What there is to tell of the next frame, perhaps nothing; None: it is done.

        Raises:
            SourceError: the video cannot be read, or is too long.
        """
        with self._lock:
            return next(self._records, None)

    def stop(self) -> None:
        """Have the step that goes on end soon, and fail; from another thread."""
        self._video.stop()

    def close(self) -> None:
        """End it."""
        self.stop()
        with self._lock:
            self._records.close()

    def _run(
        self, engine: Engine, limits: Limits, wish: Wish
    ) -> Generator[tuple[Record, ...], None, None]:
        info = engine.info(wish.model)
        options = stream_options(info, wish.events)
        gathering = Gathering(Classifier(engine.model(wish.model), options))
        answers: SimpleQueue[Answer] = SimpleQueue()
        source = ContainerSource(
            NAME,
            self._video,
            options={"format_whitelist": _FORMATS, "protocol_whitelist": "none"},
            fps=options.fps,
            max_pixels=limits.picture**2,
        )
        with source:
            if source.duration is not None:
                _check(float(source.duration), limits)
            seat = engine.join(wish.model, options, answers.put, stream=gathering.stream)
            try:
                for frame in source:
                    _check(float(frame.time), limits)
                    image = gathering.stream.resize(frame.image, frame.sample_aspect_ratio)
                    taken = seat.offer(image, frame.time if source.timed else None)
                    yield _tell(gathering, answers.get(), wish) if taken else ()
            finally:
                seat.leave()
            ends = tuple(event_record(NAME, event) for event in gathering.finish())
            summary = gathering.summary(source)
        yield (*ends, summary_record(NAME, summary, summary.top(wish.top)))


def _tell(gathering: Gathering, answer: Answer, wish: Wish) -> tuple[Record, ...]:
    if answer.error is not None:
        raise answer.error
    prediction: Prediction | None = answer.prediction
    if prediction is None:
        return ()
    told = tuple(event_record(NAME, event) for event in gathering.add(prediction))
    if not wish.per_frame:
        return told
    return (prediction_record(NAME, prediction, prediction.top(wish.top)), *told)


def _check(seconds: float, limits: Limits) -> None:
    if seconds > limits.duration:
        raise SourceError(f"the video is longer than the {limits.duration:g} s that are taken")
