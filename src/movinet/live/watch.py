"""`Watch`: the face of whatever watches cameras, and what it says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from movinet.errors import UsageError
from movinet.live.camera import Camera
from movinet.live.health import Health, State
from movinet.stream import Event, Prediction


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


class Watch(ABC):
    """Watches cameras with one model; iterate over it for the answers.

    with Watching(classifier, [Camera("door", "rtsp://door/1")]) as watch:
        for answer in watch:
            print(answer.camera.name, answer.prediction)
    """

    @property
    @abstractmethod
    def health(self) -> dict[str, Health]:
        """How each camera does, by its name."""

    @abstractmethod
    def current(self) -> dict[str, list[Event]]:
        """The events that go on now, as they began, by the camera's name."""

    @abstractmethod
    def stop(self) -> None:
        """Have the iteration end; may be called from a signal's handler or another thread."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether all sources have ended and all is told, or `stop` was called."""

    @abstractmethod
    def wait(self, seconds: float) -> list[Answer]:
        """What there is to tell; waits for it no longer than so many seconds."""

    @abstractmethod
    def finish(self) -> list[Answer]:
        """Read no more; gives what is still to be told, to the ends of all that goes on."""

    @abstractmethod
    def close(self) -> None:
        """Stop reading and answering."""

    def __iter__(self) -> Iterator[Answer]:
        """The answers, until it is over."""
        while not self.over:
            yield from self.wait(0.2)
        yield from self.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_names(cameras: Sequence[Camera]) -> None:
    """Make sure that there is a camera, and that no two have the same name.

    Raises:
        UsageError: else.
    """
    if not cameras:
        raise UsageError("there is no camera to watch")
    names = set()
    for camera in cameras:
        if camera.name in names:
            twice = UsageError(f"two cameras are called {camera.name!r}: give each its own name")
            raise camera.fault("name", twice)
        names.add(camera.name)
