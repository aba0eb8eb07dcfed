"""Where the captions of dots go, so that none lies on another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

FONT, LINE, RADIUS = 13, 18, 6  # pixels: letters, lines of text, dots
_GAP = 5  # between a dot and its caption
_FARTHEST = 100.0  # from a dot up or down to its caption


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, place: float) -> float:
        """0 to 1 from left to right."""
        return self.left + place * (self.right - self.left)

    def y(self, place: float) -> float:
        """0 to 1 from bottom to top."""
        return self.bottom - place * (self.bottom - self.top)

    def meets(self, other: Box) -> bool:
        """Whether the two share a point."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether `other` lies inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caption may go.

    Attributes:
        box: what it covers, rather too much.
        ends: whether it ends at the box's right side, and does not begin at its left.
        leader: where the line from its dot ends, if one is needed.
    """

    box: Box
    ends: bool = False
    leader: tuple[float, float] | None = None

    @property
    def x(self) -> float:
        """Where the text begins, or ends."""
        return self.box.right if self.ends else self.box.left

    @property
    def y(self) -> float:
        """Its base line."""
        return self.box.bottom - 5

    def line_from(self, x: float, y: float) -> list[Box]:
        """The line from its dot, as dots along it."""
        if self.leader is None:
            return []
        (to_x, to_y), count = self.leader, 30
        along = [number / count for number in range(2, count)]
        points = [(x + (to_x - x) * part, y + (to_y - y) * part) for part in along]
        return [Box(px - 0.5, py - 0.5, px + 0.5, py + 0.5) for px, py in points]


def captions_at(
    field: Box,
    dots: Sequence[tuple[float, float]],
    captions: Sequence[str],
) -> tuple[list[Place], bool]:
    """Places for the captions such that none lies on another or on a dot, inside the field.

    No line from a dot goes through a caption or another dot either. Also gives whether there were
    such places for all; those without got the next best.
    """
    taken = [_around(x, y) for x, y in dots]
    lines: list[Box] = []
    found: dict[int, Place] = {}
    all_clear = True
    for number in sorted(range(len(dots)), key=lambda n: dots[n][1]):
        x, y = dots[number]
        others = [box for box in taken if box != _around(x, y)]
        clear = None
        for place in _candidates(x, y, pixels(captions[number]), field):
            line = place.line_from(x, y)
            if (
                field.holds(place.box)
                and not any(place.box.meets(box) for box in (*taken, *lines))
                and not any(point.meets(box) for point in line for box in others)
            ):
                clear = place
                break
        if clear is None:
            all_clear = False
            clear = next(_candidates(x, y, pixels(captions[number]), field))
        taken.append(clear.box)
        lines += clear.line_from(x, y)
        found[number] = clear
    return [found[number] for number in range(len(dots))], all_clear


def _candidates(x: float, y: float, wide: float, field: Box) -> Iterator[Place]:
    """Right, left, above, below; then the same sides further and further up and down."""
    off, half = RADIUS + _GAP, LINE / 2
    yield Place(Box(x + off, y - half, x + off + wide, y + half))
    yield Place(Box(x - off - wide, y - half, x - off, y + half), ends=True)
    for top in (y - off - LINE, y + off):
        left = min(max(x - wide / 2, field.left), field.right - wide)
        yield Place(Box(left, top, left + wide, top + LINE))
    distance = half
    while distance < _FARTHEST:
        for reach in (22.0, 60.0):
            for middle in (y - distance - half, y + distance + half):
                right = x + off + reach
                box = Box(right, middle - half, right + wide, middle + half)
                yield Place(box, leader=(right - 3, middle))
                left = x - off - reach
                box = Box(left - wide, middle - half, left, middle + half)
                yield Place(box, ends=True, leader=(left + 3, middle))
        distance += half


def _around(x: float, y: float) -> Box:
    return Box(x - RADIUS - 1, y - RADIUS - 1, x + RADIUS + 1, y + RADIUS + 1)


def pixels(text: str) -> int:
    """How wide a text is, rather too much: fonts differ."""
    return math.ceil(sum(FONT if east_asian_width(c) in "WF" else 0.64 * FONT for c in text))
