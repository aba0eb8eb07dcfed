"""Cameras that come and go, watched for as long as one likes: does anything grow?"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kit.growth import Growth
from kit.jpegcamera import JpegCamera
from kit.rtsp import RtspCamera
from movinet.live import Camera, Watching
from movinet.stream import Classifier


@dataclass
class Soaked:
    """What was measured.

    Attributes:
        growth: of the process.
        answers: of each camera.
        cuts: how often a camera was cut off.
        connections: of each camera.
    """

    growth: Growth
    answers: dict[str, int] = field(default_factory=dict)
    connections: dict[str, int] = field(default_factory=dict)
    cuts: int = 0


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
            found = Soaked(Growth(seconds))
            begun = time.monotonic()
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
                found.growth.look()
            found.answers = {name: one.answers for name, one in watching.health.items()}
            found.connections = {name: one.connections for name, one in watching.health.items()}
    return found
