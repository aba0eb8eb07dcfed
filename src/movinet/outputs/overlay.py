"""Pictures laid over the pictures of a video, in its own kind of colours: no detour over RGB.

A picture of a video is three planes: brightness, and twice colour in half the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import av
import numpy as np

from movinet.frames.orientation import Orientation

Plane = np.ndarray[Any, np.dtype[np.uint8]]

_PLANAR = ("yuv420p", "yuvj420p")
_BT709, _UNSPECIFIED, _BT601, _BT2020 = 1, 2, 6, 9  # FFmpeg's numbers
_FULL_RANGE = 2
# The share of red and of blue in brightness.
_SHARES = {_BT709: (0.2126, 0.0722), _BT2020: (0.2627, 0.0593)}
_SHARES_601 = (0.299, 0.114)
_HIGH = 720  # rows from which a video that does not say is taken for BT.709


class Colours(NamedTuple):
    """How RGB becomes the planes of a video: FFmpeg's matrix, and whether black is 0, not 16."""

    matrix: int
    full: bool

    @classmethod
    def of(cls, picture: av.VideoFrame) -> Colours:
        """Those of a decoded picture."""
        if picture.format.is_rgb:
            return cls(_BT601, False)
        matrix = int(picture.colorspace)
        if matrix == _UNSPECIFIED:
            matrix = _BT709 if picture.height >= _HIGH else _BT601
        full = picture.format.name == "yuvj420p" or int(picture.color_range) == _FULL_RANGE
        return cls(matrix, full and not picture.format.is_rgb)

    def planes(self, rgb: Plane) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        """`[H, W, 3]` as three planes of the same size."""
        red_share, blue_share = _SHARES.get(self.matrix, _SHARES_601)
        red, green, blue = np.moveaxis(rgb.astype(np.float32) / 255, 2, 0)
        bright = red_share * red + (1 - red_share - blue_share) * green + blue_share * blue
        bluish = (blue - bright) / (2 - 2 * blue_share)
        reddish = (red - bright) / (2 - 2 * red_share)
        if self.full:
            return [255 * bright, 128 + 255 * bluish, 128 + 255 * reddish]
        return [16 + 219 * bright, 128 + 224 * bluish, 128 + 224 * reddish]


class Layer:
    """A picture with transparency, ready to be laid over many."""

    def __init__(self, image: Plane, x: int, y: int, colours: Colours) -> None:
        """From `[H, W, 4]` RGBA; sides and place are even, for the planes of half the size."""
        self._parts = []
        cover = image[..., 3].astype(np.float32)
        for number, plane in enumerate(colours.planes(image[..., :3])):
            half = 1 if number else 0
            share, lit = cover, plane * cover
            if half:
                share, lit = _halved(share), _halved(lit)
            top, left = y >> half, x >> half
            place = slice(top, top + share.shape[0]), slice(left, left + share.shape[1])
            rest = (255 - np.rint(share)).astype(np.uint16)
            self._parts.append((place, np.rint(lit).astype(np.uint16), rest))

    def onto(self, planes: Sequence[Plane]) -> None:
        """Lay it over a picture, which it must not stick out of."""
        for plane, (place, lit, rest) in zip(planes, self._parts, strict=True):
            plane[place] = (plane[place] * rest + lit + 127) // 255


def upright_copy(picture: av.VideoFrame, orientation: Orientation) -> av.VideoFrame:
    """A decoded picture turned upright, as yuv420p with even sides, to be drawn on.

    The decoder may still need the picture itself, to make the next ones from.
    """
    if picture.format.name not in _PLANAR:
        # Also right for RGB, of which `Colours` says that it becomes BT.601.
        picture = picture.reformat(format="yuv420p")
    height, width = picture.height, picture.width
    if orientation.lying:
        height, width = width, height
    copy = av.VideoFrame(width + width % 2, height + height % 2, "yuv420p")
    for old, new in zip(planes_of(picture), planes_of(copy), strict=True):
        turned = old.T if orientation.lying else old
        turned = turned[:: -1 if orientation.flipped else 1, :: -1 if orientation.mirrored else 1]
        rows, columns = turned.shape
        new[:rows, :columns] = turned
        new[rows:, :columns] = turned[-1:]
        new[:, columns:] = new[:, columns - 1 : columns]
    return copy


def planes_of(picture: av.VideoFrame) -> list[Plane]:
    """The three planes of a yuv420p, as views of its memory."""
    planes = []
    for plane in picture.planes:
        rows = np.frombuffer(cast("Any", plane), np.uint8).reshape(-1, plane.line_size)
        planes.append(rows[: plane.height, : plane.width])
    return planes


def _halved(plane: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    height, width = plane.shape
    halved: np.ndarray[Any, np.dtype[np.float32]] = plane.reshape(
        height // 2, 2, width // 2, 2
    ).mean(axis=(1, 3))
    return halved
