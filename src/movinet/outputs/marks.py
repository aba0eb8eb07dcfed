"""The marks of a moment, on the picture of that moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from movinet.outputs.overlay import Colours, Layer, Plane
from movinet.outputs.track import Track
from movinet.stream import Event

if TYPE_CHECKING:
    from movinet.outputs.fonts import Typeface
    from movinet.outputs.panel import Piece

TOP = 3  # labels in the panel


class Marks:
    """What is drawn over pictures of one size; drawn anew only when it changes."""

    def __init__(
        self,
        track: Track,
        width: int,
        height: int,
        *,
        aspect: Fraction,
        seconds: float,
        colours: Colours,
        face: Typeface,
    ) -> None:
        """For pictures of `width` and `height` pixels, even, of a video so many seconds long.

        `aspect` is the width of a pixel over its height.
        """
        from movinet.outputs.panel import Artist

        self._track, self._colours = track, colours
        self._width, self._height = width, height
        shown = max(2, 2 * round(width * aspect / 2))
        self._artist = Artist(track, shown, height, seconds, face)
        self._stretch = width / shown
        self._strip = self._layer(self._artist.strip()) if self._artist.fits else None
        self._number, self._panel = -1, list[Layer]()
        ends = {event.end for event in track.events if event.end is not None}
        self._turns = sorted({event.start for event in track.events} | ends)
        self._turn, self._banners = 0, list[Layer]()

    def onto(self, planes: Sequence[Plane], time: Fraction) -> None:
        """Draw what there is to say at `time`; nothing on a picture that is too small."""
        if self._strip is None:
            return
        number = bisect_right(self._track.times, time) - 1
        if number != self._number:
            top = self._track.top(number, TOP)
            self._number, self._panel = number, [self._layer(self._artist.panel(top))]
        turn = bisect_right(self._turns, time)
        if turn != self._turn:
            on = [event for event in self._track.events if _is_on(event, time)]
            banners = self._artist.banners(sorted(on, key=lambda event: event.start))
            self._turn, self._banners = turn, [self._layer(piece) for piece in banners]
        for layer in (*self._panel, *self._banners, self._strip):
            layer.onto(planes)
        self._playhead(planes, time)

    def _playhead(self, planes: Sequence[Plane], time: Fraction) -> None:
        wide = max(2, 2 * round(self._artist.size / 10))
        x = round(self._artist.across(float(time)) * self._stretch) - wide // 2
        x = min(max(x // 2 * 2, 0), self._width - wide)
        top = self._height - self._artist.strip_height
        planes[0][top:, x : x + wide] = 255 if self._colours.full else 235
        for plane in planes[1:]:
            plane[top // 2 :, x // 2 : (x + wide) // 2] = 128

    def _layer(self, piece: Piece) -> Layer:
        image, x = piece.image, piece.x
        if self._stretch != 1:
            # Letters keep their shape where pixels are not square.
            width = min(self._width, max(2, 2 * round(image.width * self._stretch / 2)))
            image = image.resize((width, image.height))
            x = min(2 * round(x * self._stretch / 2), self._width - width)
        return Layer(np.asarray(image), x, piece.y, self._colours)


def _is_on(event: Event, time: Fraction) -> bool:
    return event.start <= time and (event.end is None or time < event.end)
