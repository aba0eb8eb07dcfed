"""What is drawn over a video: the best labels now, the events now, and all events in a strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from movinet.outputs.drawing import DARK, INKS
from movinet.outputs.fonts import Typeface
from movinet.outputs.markup import one_line
from movinet.outputs.track import Track
from movinet.stream import Category, Event

_BANNERS = 3
_LANES = 3
_SMALLEST = 11  # pixels of letters
_SHARE = 26  # of the picture's shorter side
_GLASS = (10, 14, 20, 165)
_WHITE = (255, 255, 255, 255)
_DARK_INK = (15, 20, 26, 255)
_FILL = (45, 110, 235, 225)


@dataclass(frozen=True, slots=True)
class Piece:
    """RGBA with even sides, and where it goes: from the left and the top, even."""

    image: Image.Image
    x: int
    y: int


class Artist:
    """Draws for pictures of one size.

    Letters have 1/26 of the shorter side, and 11 pixels at least, so that they can be read at 240
    rows as well as at 2160.
    """

    def __init__(
        self, track: Track, width: int, height: int, seconds: float, face: Typeface
    ) -> None:
        """`width` and `height`, even, are of the picture as it is shown; `seconds` the video's."""
        self.width, self.height = width, height
        self._track, self._seconds = track, max(seconds, 1e-6)
        self.size = size = max(_SMALLEST, round(min(width, height) / _SHARE))
        self._font, self._gap = face.at(size), _even(size * 0.7)
        self.strip_height = _even(max(6, size * 0.6))
        labels = sorted({event.index for event in track.events})
        self._inks = {
            index: _colour(DARK[str(number % INKS)]) for number, index in enumerate(labels)
        }

    @property
    def fits(self) -> bool:
        """Whether there is room for a panel and a strip."""
        return min(self.width, self.height) >= 8 * self.size

    def panel(self, categories: Sequence[Category]) -> Piece:
        """Labels, best first, each with its score as a bar behind it."""
        row, pad = round(1.65 * self.size), round(0.45 * self.size)
        room = self.width - 2 * self._gap
        width = _even(min(room, max(15 * self.size, 0.34 * self.width)))
        height = _even(len(categories) * row + 2 * pad)
        image, pen = _sheet(width, height)
        pen.rounded_rectangle((0, 0, width - 1, height - 1), pad, _GLASS)
        for number, category in enumerate(categories):
            top = pad + number * row
            reach = round((width - 2 * pad) * category.score)
            if reach >= 2:
                box = (pad, top + 1, pad + reach - 1, top + row - 2)
                pen.rounded_rectangle(box, min(pad / 2, reach / 2), _FILL)
            percent = f"{100 * category.score:.0f} %"
            middle = top + row / 2
            pen.text((width - 2 * pad, middle), percent, _WHITE, self._font, "rm")
            space = width - 5 * pad - self._font.getlength(percent)
            label = self._fitted(category.label, space)
            pen.text((2 * pad, middle), label, _WHITE, self._font, "lm")
        return Piece(image, self._gap, self._gap)

    def banners(self, events: Sequence[Event]) -> list[Piece]:
        """A label for each event that is on, from the bottom up."""
        pieces = []
        height = _even(1.8 * self.size)
        y = self.height - self.strip_height - self._gap - height
        for event in events[:_BANNERS]:
            label = self._fitted(event.label, self.width - 4 * self._gap)
            width = _even(self._font.getlength(label) + 1.6 * self.size)
            image, pen = _sheet(width, height)
            pen.rounded_rectangle(
                (0, 0, width - 1, height - 1), height / 4, self._inks[event.index]
            )
            pen.text((width / 2, height / 2), label, _DARK_INK, self._font, "mm")
            pieces.append(Piece(image, self._gap, y))
            y -= height + _even(0.3 * self.size)
        return pieces

    def strip(self) -> Piece:
        """All events along the bottom; those at the same time share the height."""
        width, height = self.width, self.strip_height
        image, pen = _sheet(width, height)
        pen.rectangle((0, 0, width, height), _GLASS)
        free = [0.0] * _LANES
        placed = []
        for event in sorted(self._track.events, key=lambda event: event.start):
            start, end = float(event.start), float(event.end or event.start)
            lane = next((n for n, until in enumerate(free) if until <= start), _LANES - 1)
            free[lane] = max(free[lane], end)
            placed.append((event, lane, self.across(start), self.across(end)))
        lanes = 1 + max((lane for _, lane, _, _ in placed), default=0)
        for event, lane, left, right in placed:
            top, bottom = height * lane / lanes, height * (lane + 1) / lanes
            box = (left, round(top), max(right, left + 1), max(round(bottom) - 1, round(top)))
            pen.rectangle(box, self._inks[event.index])
        return Piece(image, 0, self.height - height)

    def across(self, seconds: float) -> int:
        """Where a time lies in the strip, in pixels."""
        return round(min(1.0, max(0.0, seconds / self._seconds)) * (self.width - 1))

    def _fitted(self, text: str, width: float) -> str:
        text = one_line(text)
        if self._font.getlength(text) <= width:
            return text
        while text and self._font.getlength(text + "…") > width:
            text = text[:-1].rstrip()
        return text + "…"


def _sheet(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (width, height))
    return image, ImageDraw.Draw(image)


def _colour(text: str) -> tuple[int, int, int, int]:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue, 240


def _even(pixels: float) -> int:
    return max(2, 2 * round(pixels / 2))
