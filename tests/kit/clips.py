"""Small labelled clips: each of one colour, so that the tiny model has something to tell apart."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

COLOURS = {"red": (230, 40, 40), "green": (40, 230, 40), "blue": (40, 40, 230)}


def write_colour(path: Path, colour: tuple[int, int, int], *, frames: int = 10) -> Path:
    """A clip of 32x16 pixels, 5 frames a second; it darkens as it goes on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for number in range(frames):
            shade = np.uint8(np.array(colour) * (1 - number / (2 * frames)))
            image = np.broadcast_to(shade, (16, 32, 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_folder(folder: Path, each: int = 2, *, frames: int = 10) -> Path:
    """A folder with a folder for each colour, with so many clips in it, no two the same."""
    for label, colour in COLOURS.items():
        for number in range(each):
            shade = tuple(int(value * (1 - number / (2 * each))) for value in colour)
            write_colour(folder / label / f"{number}.mp4", shade, frames=frames + number)
    return folder
