"""Films in which drawn figures perform one action after the other."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from movinet.synthetic import BACKGROUND, render_clip

FPS = 10


@dataclass(frozen=True)
class Part:
    """One action of a film, in seconds."""

    label: str
    start: float
    end: float


def film(
    path: Path, labels: list[str], *, seed: int, action: float = 5, between: float = 4
) -> list[Part]:
    """Write a film of `labels` in a row, "none of them" before, between and after.

    Each part is its own scene. Gives the parts that are actions.
    """
    parts: list[Part] = []
    at = 0.0
    plan = [(BACKGROUND, between)]
    for label in labels:
        plan += [(label, action), (BACKGROUND, between)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width = stream.height = 224
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "threads": "1"}
        count = 0
        for number, (label, seconds) in enumerate(plan):
            for picture in render_clip(label, seed + number, fps=FPS, seconds=seconds):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
                frame.pts, frame.time_base = count, Fraction(1, FPS)
                container.mux(stream.encode(frame))
                count += 1
            if label != BACKGROUND:
                parts.append(Part(label, at, at + seconds))
            at += seconds
        container.mux(stream.encode())
    return parts
