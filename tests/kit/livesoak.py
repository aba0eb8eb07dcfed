"""Cameras that come and go, watched for as long as one likes: does anything grow?"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kit.jpegcamera import JpegCamera
from kit.rtsp import RtspCamera
from movinet.live import Camera, Watching
from movinet.stream import Classifier

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Soaked:
    """What was measured.

    Attributes:
        answers: of each camera.
        cuts: how often a camera was cut off.
        connections: of each camera.
        memory: bytes that the process has in memory, at times spread over the run.
        handles, threads: likewise, open files and threads.
    """

    answers: dict[str, int]
    connections: dict[str, int]
    cuts: int = 0
    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def growth(self, part: str) -> float:
        """The mean of the last quarter over that of the second: before, things are still loaded."""
        values = getattr(self, part)
        quarter = max(1, len(values) // 4)
        return float(np.mean(values[-quarter:]) / np.mean(values[quarter : 2 * quarter]))


def soak(
    classifier: Classifier, film: Path, seconds: float, *, between_cuts: float, seed: int = 0
) -> Soaked:
    """Watch an RTSP camera, one of JPEGs and a looped film; the first two are cut at random."""
    chance = random.Random(seed)
    pictures = [np.full((120, 160, 3), 40 + 10 * n, np.uint8) for n in range(20)]
    with RtspCamera(pictures) as rtsp, JpegCamera(pictures) as jpegs:
        cameras = [
            Camera("rtsp", rtsp.address),
            Camera("jpegs", jpegs.address),
            Camera("film", str(film), realtime=True, loop=True),
        ]
        with Watching(classifier, cameras) as watching:
            found = Soaked({}, {})
            begun = measured = time.monotonic()
            cut_at = begun + between_cuts
            cut: RtspCamera | JpegCamera | None = None
            while (now := time.monotonic()) - begun < seconds:
                watching.wait(0.1)
                if now > cut_at:
                    if cut is None:
                        cut = chance.choice((rtsp, jpegs))
                        cut.cut()
                        found.cuts += 1
                        cut_at = now + chance.uniform(0.2, 1.0)
                    else:
                        cut.mend()
                        cut, cut_at = None, now + chance.uniform(0.5, 1.5) * between_cuts
                if now - measured > seconds / 60:
                    measured = now
                    found.memory.append(_memory())
                    found.handles.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
                    found.threads.append(threading.active_count())
            found.answers = {name: one.answers for name, one in watching.health.items()}
            found.connections = {name: one.connections for name, one in watching.health.items()}
    return found


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
