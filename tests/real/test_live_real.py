"""The official int8 A0 file on cameras: in time, and none starved."""

from __future__ import annotations

import time

import numpy as np
import pytest

import movinet
from kit.real import INT8, LABELS
from kit.rtsp import RtspCamera
from movinet.live import Camera, Watching
from movinet.synthetic import render_clip

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def pictures():
    """Four seconds of 640x360 at 25 frames a second."""
    return list(render_clip("jumping jacks", 3, size=640, fps=25, seconds=4)[:, 140:500])


@pytest.fixture(scope="module")
def classifier():
    return movinet.load(INT8, labels=LABELS)


def watch(watching: Watching, seconds: float) -> list[float]:
    """Seconds from the arrival of each frame to its answer, after some to warm up."""
    begun, late = time.monotonic(), []
    while (gone := time.monotonic() - begun) < seconds + 4:
        late += [a.latency for a in watching.wait(0.1) if a.prediction is not None and gone > 4]
    return late


def test_an_answer_is_there_before_the_next_frame(classifier, pictures):
    """95 of 100 within 60 ms, from the arrival of a frame's data on."""
    with (
        RtspCamera(pictures, fps=30) as camera,
        Watching(classifier, [Camera("one", camera.address)]) as watching,
    ):
        late = watch(watching, 6)
    assert len(late) >= 25
    assert np.percentile(late, 95) <= 0.060


def test_none_of_four_is_starved(classifier, pictures):
    """Five answers a second each, on two cores that also serve the cameras."""
    cameras = [RtspCamera(pictures) for _ in range(4)]
    watched = [Camera(f"camera {number}", one.address) for number, one in enumerate(cameras)]
    with Watching(classifier, watched) as watching:
        watch(watching, 0)
        before = [health.answers for health in watching.health.values()]
        watch(watching, 4)  # eight seconds in all
        health = list(watching.health.values())
    for camera in cameras:
        camera.__exit__(None, None, None)
    counts = [one.answers - already for one, already in zip(health, before, strict=True)]
    assert min(counts) >= 35
    assert max(counts) <= 1.1 * min(counts)
    # None of them costs more than a sixth of a core.
    assert max(one.reader_cpu + one.model_cpu for one in health) < 12 / 6
