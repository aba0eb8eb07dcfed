"""Turning pictures upright, as their display matrix says."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import av
import numpy as np

from movinet.frames.frame import Image


class Orientation(NamedTuple):
    """What brings a coded picture upright.

    Whether rows and columns change places (it lies on its side), and whether left and right, up
    and down do after that.
    """

    lying: bool
    mirrored: bool
    flipped: bool


def orientation_of(picture: av.VideoFrame) -> Orientation:
    """What the display matrix of a decoded picture asks for.

    Not for every frame: asking makes the picture and its side data refer to each other, so that
    its memory is only freed when Python next looks for such cycles.
    """
    try:
        data = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:  # there is side data of a kind that PyAV does not know
        data = None
    if data is None:
        quarters = round(picture.rotation / 90) % 4
        return Orientation(quarters % 2 == 1, quarters >= 2, quarters in (1, 2))
    matrix = np.frombuffer(cast("Any", data), np.int32)
    lying = bool(abs(matrix[1]) > abs(matrix[0]))
    right, down = (matrix[3], matrix[1]) if lying else (matrix[0], matrix[4])
    return Orientation(lying, bool(right < 0), bool(down < 0))


def upright_image(picture: av.VideoFrame, orientation: Orientation) -> Image:
    """A decoded picture as `[H, W, 3]` uint8 RGB, upright."""
    # PyAV's default of many threads for the conversion costs up to 40 % on a small machine.
    image = cast("Image", picture.to_ndarray(format="rgb24", threads=1))
    lying, mirrored, flipped = orientation
    if not (lying or mirrored or flipped):
        return image
    if lying:
        image = image.transpose(1, 0, 2)
    return np.ascontiguousarray(image[:: -1 if flipped else 1, :: -1 if mirrored else 1])
