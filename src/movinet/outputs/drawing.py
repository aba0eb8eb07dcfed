"""What is drawn, whoever paints it: shapes in pixels from the top left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# Each ink is a colour for light and one for dark. The numbered ones are for what must be told
# apart, also by people who see few colours; with each other and with white (black in the dark) they
# have a contrast of 4.5 to the paper at least.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2933",
    "soft": "#52606d",
    "line": "#dde2e8",
    "0": "#0b62b8",
    "1": "#b84a00",
    "2": "#00765a",
    "3": "#8a3f9e",
    "4": "#756000",
    "5": "#b3246b",
}
DARK = {
    "paper": "#0f141a",
    "ink": "#e6edf3",
    "soft": "#a3adb8",
    "line": "#2b323b",
    "0": "#6ea8fe",
    "1": "#ff9d5c",
    "2": "#3fcf9f",
    "3": "#d09cf0",
    "4": "#d9bf3f",
    "5": "#ff8ab8",
}
INKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `hint` is what it says to a pointer."""

    x: float
    y: float
    width: float
    height: float
    ink: str
    opacity: float = 1.0
    corner: float = 0.0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line."""

    x1: float
    y1: float
    x2: float
    y2: float
    ink: str = "line"


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points from left to right, with a tint from it down to `floor`.

    Attributes:
        name: what it shows.
        top: where the highest value would be.
    """

    name: str
    points: Sequence[tuple[float, float]]
    top: float
    floor: float
    ink: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `x` is its start, middle or end, and `y` its base line."""

    x: float
    y: float
    text: str
    ink: str = "soft"
    size: int = 12
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG."""

    x: float
    y: float
    width: float
    height: float
    jpeg: bytes


Shape = Bar | Rule | Curve | Words | Photo


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on a sheet, the later ones over the earlier ones and words over all.

    Attributes:
        width, height: pixels.
        title: what it is, in a line.
        said: what it shows, in words.
        shapes: what is drawn.
        across: where its time axis begins and ends, pixels.
        seconds: what the time axis begins and ends with.
    """

    width: float
    height: float
    title: str
    said: str
    shapes: Sequence[Shape]
    across: tuple[float, float]
    seconds: tuple[float, float]
