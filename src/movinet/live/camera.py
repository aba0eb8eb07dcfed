"""`Camera`: what is to be watched, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from movinet.errors import UsageError
from movinet.frames import Image, Source, Time, open_source
from movinet.frames.opening import is_address
from movinet.frames.realtime import RealTimeSource
from movinet.stream import EventOptions

# To the last @, since a password may have any letter in it: rather too much is hidden.
_CREDENTIALS = re.compile(r"(?<=://).*@")
# `user=me&password=secret`, in a path too. A colon at the end is that of a sentence around it.
_NAMED = re.compile(
    r"(?i)((?:user|username|usr|password|passwd|pass|pwd|psw|token|secret|key)=)[^&\s]+(?<!:)"
)


@dataclass(frozen=True)
class Region:
    """A part of the picture, in parts of its width and height, 0 to 1."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        inside = (
            0 <= self.left < 1
            and 0 <= self.top < 1
            and 0 < self.width <= 1 - self.left + 1e-9
            and 0 < self.height <= 1 - self.top + 1e-9
        )
        if not inside:
            raise UsageError(
                "a region is left, top, width and height in parts of the picture, 0 to 1, and "
                f"inside it: {self.left:g}, {self.top:g}, {self.width:g}, {self.height:g} is not"
            )

    def of(self, image: Image) -> Image:
        """That part of `[H, W, 3]`, at least a pixel; no copy."""
        height, width = image.shape[:2]
        top, left = int(self.top * height), int(self.left * width)
        bottom = max(top + 1, round((self.top + self.height) * height))
        right = max(left + 1, round((self.left + self.width) * width))
        return image[top:bottom, left:right]


@dataclass(frozen=True)
class Camera:
    """One camera.

    Attributes:
        name: what it is called.
        source: as for `movinet.open_source`.
        region: the part of the picture to look at; None: all.
        realtime: a file is shown at its own pace, as if it were a camera.
        loop: such a file begins again at its end.
        events: what an event is; None: as for all.
        on_event: a program to run on events; None: as for all.
        places: where each of these is said, as "cameras.toml, line 3"; what is not in it was said
            elsewhere.
    """

    name: str
    source: str
    region: Region | None = None
    realtime: bool = False
    loop: bool = False
    events: EventOptions | None = None
    on_event: str | None = None
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.is_file and not self.realtime:
            raise UsageError(
                f"{self.source} is a file and no camera: add --realtime (realtime = true) to show "
                "it at its own pace, or use 'movinet classify'"
            )

    @property
    def endless(self) -> bool:
        """Whether an end means that the connection was lost."""
        return not (self.is_file or self.source.startswith("test:"))

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no device or address."""
        # A camera that is not plugged in has no device, and is one all the same.
        others = ("camera:", "test:", "/dev/video")
        named = not is_address(self.source) and not self.source.startswith(others)
        return named and self.source != "picamera" and not Path(self.source).is_char_device()

    def fault(self, key: str, error: UsageError) -> UsageError:
        """What is wrong with what `key` says, with the place where it says so."""
        return UsageError(f"{self.places[key]}: {error}") if key in self.places else error

    def open(self, fps: Time) -> Source:
        """Open it at the frame rate of a model.

        Raises:
            SourceError: when that cannot be.
        """
        if not (self.is_file or self.source.startswith("test:")):
            return open_source(self.source, fps=fps, live=True)

        def again() -> Source:
            return open_source(self.source, fps=fps)

        return RealTimeSource(again, loop=self.loop)


def without_password(text: str) -> str:
    """A text without the users and passwords of the address in it."""
    return _NAMED.sub(r"\1***", _CREDENTIALS.sub("", text))


def exact(seconds: float) -> Fraction:
    """Seconds to the microsecond."""
    return Fraction(round(seconds * 1_000_000), 1_000_000)
