"""A video to measure with: what decoding and resizing one frame cost, and frames to step on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from movinet.errors import SourceError
from movinet.evaluation.pinning import pinned
from movinet.frames import Frame, Image, Resizer, open_source
from movinet.models import ModelInfo

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 4
# Of a video of the caller's, so much is looked at; and so often.
_SPAN, _TURNS, _IMAGES = Fraction(10), 3, 8


@dataclass(frozen=True, slots=True)
class FrameCost:
    """Seconds for each frame that a model is given.

    Attributes:
        decode: decoding and bringing it to RGB, the frames passed over on the way included.
        resize: bringing it to the model's size.
    """

    decode: float
    resize: float


class Footage:
    """A video, measured once for each frame rate and size that is asked for."""

    def __init__(self, path: str, description: str) -> None:
        """`description`: what to call it in results."""
        self.description = description
        self._path = path
        self._decoded: dict[Fraction, tuple[float, list[Frame]]] = {}
        self._resized: dict[tuple[int, int, str], float] = {}

    def check(self) -> None:
        """Read its first frame.

        Raises:
            SourceError: when it cannot be read or has no frame.
        """
        with open_source(self._path) as source:
            if next(iter(source), None) is None:
                raise SourceError(f"cannot read {self._path}: it has no picture")

    def cost(self, info: ModelInfo) -> FrameCost:
        """What a frame for this model costs, on one core.

        Raises:
            SourceError: when the video cannot be read or has no frame.
        """
        decode, frames = self._decode(info.fps)
        key = (*info.size, info.resize)
        if key not in self._resized:
            resizer = Resizer(*key)
            seconds = []
            with pinned(1):
                for frame in frames * _TURNS:
                    begin = perf_counter()
                    resizer(frame.image, frame.sample_aspect_ratio)
                    seconds.append(perf_counter() - begin)
            self._resized[key] = median(seconds)
        return FrameCost(decode, self._resized[key])

    def images(self, info: ModelInfo) -> list[Image]:
        """A few frames `[H, W, 3]` of the model's size."""
        resizer = Resizer(*info.size, info.resize)
        _, frames = self._decode(info.fps)
        return [resizer(f.image, f.sample_aspect_ratio) for f in frames]

    def _decode(self, fps: Fraction) -> tuple[float, list[Frame]]:
        if fps not in self._decoded:
            seconds: list[float] = []
            kept: list[Frame] = []
            for _ in range(_TURNS):
                kept, count = [], 0
                with pinned(1), open_source(self._path, fps=fps, end=_SPAN) as source:
                    begin = perf_counter()
                    for frame in source:
                        count += 1
                        if count <= _IMAGES:
                            kept.append(frame)
                    spent = perf_counter() - begin
                if not kept:
                    raise SourceError(f"cannot read {self._path}: it has no picture")
                seconds.append(spent / count)
            self._decoded[fps] = median(seconds), kept
        return self._decoded[fps]


@contextmanager
def synthetic_footage() -> Iterator[Footage]:
    """Footage of four seconds, gone afterwards: 640x360, 25 frames a second."""
    with tempfile.TemporaryDirectory(prefix="movinet-") as folder:
        path = Path(folder) / "footage.mp4"
        codec = write_synthetic(path)
        yield Footage(str(path), f"synthetic, {WIDTH}x{HEIGHT}, {RATE} fps, {codec}")


def write_synthetic(path: Path) -> str:
    """Write the video, which is the same each time, and give its codec's name.

    Two discs move over a patterned ground that pans, so that there is something to encode.
    """
    import av

    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(SECONDS * RATE):
            frame = av.VideoFrame.from_ndarray(_paint(number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return {"libx264": "H.264"}.get(codec, codec)


def _paint(number: int) -> Image:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    shift = 2 * number
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    for colour, (across, down) in enumerate(((31, 47), (53, 29), (41, 61))):
        image[:, :, colour] = 128 + 50 * np.sin((columns + shift) / across) * np.cos(rows / down)
    # Grain that pans along: a clean gradient would be too easy to decode.
    grain = np.random.default_rng(0).integers(-20, 21, (HEIGHT, WIDTH, 1))
    image += np.roll(grain, -shift, axis=1)
    for disc, shade in ((number, 230), (number + 40, 30)):
        x = WIDTH / 2 + 220 * np.cos(disc / 9)
        y = HEIGHT / 2 + 110 * np.sin(disc / 7)
        image[(columns - x) ** 2 + (rows - y) ** 2 < 45**2] = shade
    return image.clip(0, 255).astype(np.uint8)
