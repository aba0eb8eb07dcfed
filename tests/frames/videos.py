"""Tiny videos that say in each picture which one it is.

A picture is four blocks wide and three high. The first block is white and the last one black, so
that a picture read upside down or sideways is noticed; the ten between are the bits of its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

COLUMNS, ROWS = 4, 3
BITS = COLUMNS * ROWS - 2
SIZE = 64, 48  # width and height
# As small a group of pictures as still has both kinds of B-frames, and several of them a video.
B_FRAMES = {"bf": "3", "b-pyramid": "normal", "g": "12", "keyint_min": "12", "sc_threshold": "0"}


def paint(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Picture `number` of a video, `[H, W, 3]`."""
    assert 0 <= number < 1 << BITS
    blocks = np.array([1, *(number >> bit & 1 for bit in range(BITS)), 0], np.uint8)
    rows = np.arange(size[1]) * ROWS // size[1]
    columns = np.arange(size[0]) * COLUMNS // size[0]
    grey = blocks.reshape(ROWS, COLUMNS)[rows][:, columns] * 200 + 30
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def number_of(image: np.ndarray) -> int:
    """What `paint` was asked for, after any codec that can be looked at."""
    height, width = image.shape[:2]
    rows = (np.arange(ROWS) * 2 + 1) * height // (2 * ROWS)
    columns = (np.arange(COLUMNS) * 2 + 1) * width // (2 * COLUMNS)
    blocks = (image[rows][:, columns].mean(axis=2) > 130).ravel()
    assert blocks[0], "not upright"
    assert not blocks[-1], "not upright"
    return sum(1 << bit for bit in range(BITS) if blocks[bit + 1])


def numbers_of(frames: Iterable) -> list[int]:
    """The numbers in the pictures of frames."""
    return [number_of(frame.image) for frame in frames]


def write_video(
    path: Path,
    numbers: int | Iterable[int] = 30,
    *,
    codec: str = "libx264",
    rate: int | Fraction = 30,
    ticks: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 90_000),
    size: tuple[int, int] = SIZE,
    pixels: str | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """Write pictures with these numbers (0.. for a count).

    `rate` says how far apart they are, or else `ticks`, in `time_base` seconds.
    """
    numbers = range(numbers) if isinstance(numbers, int) else list(numbers)
    with av.open(str(path), "w", format=container_format, options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = pixels or {"mjpeg": "yuvj420p", "png": "rgb24"}.get(codec, "yuv420p")
        stream.options = {"preset": "veryfast", **(options or {})} if "264" in codec else (
            options or {}
        )
        stream.codec_context.thread_count = 1
        if ticks is not None:
            stream.codec_context.time_base = time_base
            stream.time_base = time_base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for place, number in enumerate(numbers):
            picture = av.VideoFrame.from_ndarray(paint(number, size), format="rgb24")
            picture.time_base = Fraction(1) / rate if ticks is None else time_base
            picture.pts = place if ticks is None else ticks[place]
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path
