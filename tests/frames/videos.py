"""Tiny videos that say in each picture which one it is.

A picture is four blocks wide and three high. The first block is white and the last one black, so
that a picture read upside down or sideways is noticed; the ten between are the bits of its number.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

COLUMNS, ROWS = 4, 3
BITS = COLUMNS * ROWS - 2
SIZE = 64, 48  # width and height, in pixels
PIXELS = {"mjpeg": "yuvj420p", "png": "rgb24", "gif": "rgb8"}

# Two kinds of B-frames, those that others refer to and those that none does; four groups a second.
B_FRAMES = {"bf": "3", "b-pyramid": "normal", "g": "8", "sc_threshold": "0"}
OPEN_GROUPS = {**B_FRAMES, "x264-params": "open-gop=1"}


@functools.cache
def paint(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Picture `number` of a video, `[H, W, 3]`."""
    assert 0 <= number < 1 << BITS
    blocks = np.array([1, *(number >> bit & 1 for bit in range(BITS)), 0], np.uint8)
    rows = np.arange(size[1]) * ROWS // size[1]
    columns = np.arange(size[0]) * COLUMNS // size[0]
    grey = blocks.reshape(ROWS, COLUMNS)[rows][:, columns] * np.uint8(200) + np.uint8(30)
    image = np.repeat(grey[:, :, None], 3, axis=2)
    image.flags.writeable = False
    return image


def number_of(image: np.ndarray) -> int:
    """What `paint` was asked for, read back after whatever a codec did to it."""
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


def numbered(frames: Iterable) -> list[tuple[int, Fraction]]:
    """The numbers in the pictures of frames, each with the frame's time."""
    return [(number_of(frame.image), frame.time) for frame in frames]


def write_video(
    path: Path,
    pictures: int | Iterable[int | np.ndarray] = 30,
    *,
    codec: str = "libx264",
    rate: int | Fraction = 30,
    ticks: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 90_000),
    size: tuple[int, int] = SIZE,
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    rotation: int | None = None,
    matrix: Sequence[int] | None = None,
    muxer: str | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """Write pictures (how many, or their numbers, or they themselves) and give the path back.

    They are `1 / rate` seconds apart, or else at `ticks` of `time_base` seconds. `matrix` is a
    display matrix's a, b, c, d (x' = ax + cy, y' = bx + dy).
    """
    if isinstance(pictures, int):
        pictures = range(pictures)
    with av.open(str(path), "w", format=muxer, options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = PIXELS.get(codec, "yuv420p")
        stream.options = {"preset": "veryfast"} if codec == "libx264" else {}
        stream.options = {**stream.options, **(options or {})}
        context = stream.codec_context
        context.thread_count = 1
        if ticks is not None:
            context.time_base = stream.time_base = time_base
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if matrix is not None:
            a, b, c, d = (int(number) << 16 for number in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        container.start_encoding()
        for place, picture in enumerate(pictures):
            image = paint(picture, size) if isinstance(picture, int) else picture
            image = np.ascontiguousarray(image)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = place if ticks is None else ticks[place]
            frame.time_base = Fraction(1) / rate if ticks is None else time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def concatenated(folder: Path) -> Path:
    """Write two transport streams into one file: the clock is set back, and the size changes."""
    parts = [
        write_video(folder / "1.ts", range(20), options=B_FRAMES),
        write_video(folder / "2.ts", range(20, 40), options=B_FRAMES, size=(128, 96)),
    ]
    path = folder / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def write_image(path: Path, number: int, size: tuple[int, int] = SIZE) -> Path:
    """Write one picture, as its name's ending says."""
    codec = "png" if path.suffix == ".png" else "mjpeg"
    whole = write_video(
        path.with_name("one" + path.suffix),
        [number],
        codec=codec,
        size=size,
        muxer="image2",
        muxing={"update": "1"},
    )
    return whole.rename(path)


def write_audio(path: Path, cover: bool = False) -> Path:
    """Write a tenth of a second of silence, with a picture on the sleeve if asked."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("libmp3lame" if path.suffix == ".mp3" else "aac", rate=44100)
        sleeve = container.add_stream("png", rate=1) if cover else None
        samples = np.zeros((sound.layout.nb_channels, 4410), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", sound.layout.name)
        frame.sample_rate = 44100
        if sleeve is not None:
            sleeve.width, sleeve.height = SIZE
            sleeve.pix_fmt = "rgb24"
            picture = av.VideoFrame.from_ndarray(paint(1), format="rgb24")
            container.mux(sleeve.encode(picture))
            container.mux(sleeve.encode())
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path
