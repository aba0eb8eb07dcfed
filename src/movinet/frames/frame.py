"""`Frame` and `Source`: a picture with a time, and anything that yields them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import numpy as np

from movinet.errors import UsageError

# What numpy.typing.NDArray[np.uint8] stands for; importing that module takes 5 ms.
Image = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video, upright.

    Attributes:
        image: `[H, W, 3]` uint8, RGB.
        time: seconds since the beginning of the source, by the container's own clock.
        index: place among the frames that the source yields, from 0.
        sample_aspect_ratio: width of a pixel over its height; 1 for square pixels.
    """

    image: Image
    time: Fraction
    index: int
    sample_aspect_ratio: Fraction = Fraction(1)


class Source(ABC):
    """Frames in order of time. Iterate once; close it, or use it in a `with` statement.

    Attributes:
        name: what the caller asked for, for messages.
        duration: seconds, where known before the end.
        live: whether frames come as they happen, without an end.
        timed: whether the frames' times mean anything (False for bare arrays).
        damaged_packets: packets or images that could not be decoded, so far.
        mended_times: missing or backward timestamps that were replaced, so far.
        ended_early: why the source ended before its end, where it did.
        arrived: when the data of the last frame came, by `time.monotonic`; 0 where nobody waits.
    """

    name: str = ""
    duration: Fraction | None = None
    live: bool = False
    timed: bool = True
    damaged_packets: int = 0
    mended_times: int = 0
    ended_early: str | None = None
    arrived: float = 0.0

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order of time."""

    def close(self) -> None:  # noqa: B027 (most sources hold nothing)
        """Let go of files and devices. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_image(image: object) -> Image:
    """`image` itself when it is `[H, W, 3]` uint8.

    Raises:
        UsageError: when it is something else; says what.
    """
    if not isinstance(image, np.ndarray):
        raise UsageError(f"a frame must be a numpy array [H, W, 3], not {type(image).__name__}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise UsageError(f"a frame must be [H, W, 3], not {list(image.shape)}")
    if image.dtype != np.uint8:
        raise UsageError(f"a frame must be uint8 (RGB, 0..255), not {image.dtype}")
    return image
