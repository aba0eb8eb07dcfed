"""Four RTSP cameras on one model: is any starved, how late are answers, what does each cost?

The cameras are served from another process on the same machine (640x360, H.264, 25 frames a
second) and watched for some seconds, once as `movinet live` does it and once with every frame
decoded and converted. Then one camera of 30 frames a second: how long after a frame was sent its
answer is here.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.real import INT8, LABELS
from movinet.frames import Frame, Sampler, Source, open_source
from movinet.live import Camera, Health, Watching
from movinet.stream import Classifier, load

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

SECONDS, CAMERAS = 15, 4
HEIGHT, WIDTH = 360, 640
_LOOP, _BITS = 4, 8  # seconds of pictures that are shown again and again; bits of their number


class _Read(Source):
    """A source that notes which picture each frame is; all of them are decoded if `fps` is given.

    RTSP says of a picture the time of the one before it, as FFmpeg reads it.
    """

    live = True

    def __init__(self, source: Source, numbers: dict[Fraction, int], fps: Fraction | None) -> None:
        self._source, self._numbers, self._fps = source, numbers, fps
        self.name = source.name

    def close(self) -> None:
        self._source.close()

    def __iter__(self) -> Iterator[Frame]:
        sampler = None if self._fps is None else Sampler(self._fps)
        for frame in self._source:
            self.arrived = self._source.arrived
            if sampler is None or sampler.takes(frame.time):
                self._numbers[frame.time] = _number(frame.image)
                yield frame


@dataclass(frozen=True)
class _Camera(Camera):
    """A camera as `movinet live` reads it, or with every frame decoded."""

    everything: bool = False
    numbers: dict[Fraction, int] = field(default_factory=dict)

    def open(self, fps: Fraction) -> Source:
        if self.everything:
            return _Read(open_source(self.source, live=True), self.numbers, fps)
        return _Read(super().open(fps), self.numbers, None)


def _mark(picture: np.ndarray, number: int) -> np.ndarray:
    """A number in eight black or white blocks at the bottom."""
    marked = picture.copy()
    for bit in range(_BITS):
        marked[-24:, 80 * bit : 80 * (bit + 1)] = 255 * (number >> bit & 1)
    return marked


def _number(picture: np.ndarray) -> int:
    blocks = (picture[-12, 80 * bit + 40, 1] > 127 for bit in range(_BITS))
    return sum(int(block) << bit for bit, block in enumerate(blocks))


def serve(pipe: Connection, fps: int, count: int) -> None:
    """Serve cameras until told to stop; then say when each frame was sent."""
    from kit.rtsp import RtspCamera
    from movinet.synthetic import render_clip

    square = render_clip("jumping jacks", 3, size=WIDTH, fps=fps, seconds=_LOOP)
    cut = square[:, (WIDTH - HEIGHT) // 2 : (WIDTH + HEIGHT) // 2]
    pictures = [_mark(picture, number) for number, picture in enumerate(cut)]
    cameras = [RtspCamera(pictures, fps=fps) for _ in range(count)]
    pipe.send([camera.address for camera in cameras])
    pipe.recv()
    pipe.send([camera.sent for camera in cameras])


def watch(
    classifier: Classifier, fps: int, count: int, *, everything: bool = False
) -> tuple[list[Health], list[float], float, float]:
    """Health of each, seconds from sending to answer, and CPU and wall seconds of it all."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=serve, args=(there, fps, count), daemon=True)
    child.start()
    addresses = here.recv()
    answered = []
    cameras = [_Camera(a, a, everything=everything) for a in addresses]
    with Watching(classifier, cameras) as watching:
        warm = time.monotonic() + 4
        while time.monotonic() < warm:
            watching.wait(0.1)
        before = {name: h.answers for name, h in watching.health.items()}
        cpu, begun = time.process_time(), time.monotonic()
        own = [h.reader_cpu + h.model_cpu for h in watching.health.values()]
        while time.monotonic() - begun < SECONDS:
            for answer in watching.wait(0.1):
                if answer.prediction is not None:
                    answered.append((answer.camera, answer.prediction.time, time.monotonic()))
        wall, used = time.monotonic() - begun, time.process_time() - cpu
        health = list(watching.health.values())
        for name, one in watching.health.items():
            one.answers -= before[name]
        for one, already in zip(health, own, strict=True):
            one.model_cpu -= already
    here.send(None)
    sent = dict(zip(addresses, here.recv(), strict=True))
    loop = round(_LOOP * fps)
    late = []
    for camera, at, moment in answered:
        # The picture of that number that is nearest to the time.
        about = round(at * fps)
        number = camera.numbers[at] + loop * round((about - camera.numbers[at]) / loop)
        late.append(moment - sent[camera.source][0][number])
    child.join(5)
    return health, late, used, wall


def main() -> None:
    """Print the tables."""
    classifier = load(INT8, labels=LABELS)
    print(
        f"{INT8.stem}, {CAMERAS} cameras of {WIDTH}x{HEIGHT} at 25 frames a second, {SECONDS} s.\n"
    )
    print("| | answers a camera, fewest to most | dropped | p95 late, ms | CPU a camera |")
    print("|---|---|---|---|---|")
    shares = []
    for name, everything in (("`movinet live`", False), ("every frame decoded", True)):
        health, late, used, wall = watch(classifier, 25, CAMERAS, everything=everything)
        counts = [one.answers for one in health]
        shares.append(used / wall / CAMERAS)
        print(
            f"| {name} | {min(counts)} to {max(counts)} | {sum(h.drops for h in health)} "
            f"| {np.percentile(late, 95) * 1000:.0f} | {shares[-1]:.1%} |",
            flush=True,
        )
    print(f"\nCPU, `movinet live` / every frame decoded: {shares[0] / shares[1]:.2f}.\n")
    print("| one camera at 30 frames a second | ms from sending a frame to its answer |")
    print("|---|---|")
    _, late, _, _ = watch(classifier, 30, 1)
    for percentile in (50, 95, 100):
        print(f"| p{percentile} | {np.percentile(late, percentile) * 1000:.1f} |")
