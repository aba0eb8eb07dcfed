"""Tracks without a model having run."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from movinet.models import ModelInfo
from movinet.outputs.track import Track
from movinet.stream import Event, Prediction


def track_of(
    info: ModelInfo,
    count: int,
    events: list[tuple[int, float, float]] | None = None,
    *,
    video: str = "a.mp4",
    fps: int = 5,
) -> Track:
    """So many predictions whose best class changes every second; events of (index, start, end)."""
    track = Track(video, info)
    for number in range(count):
        scores = np.full(info.classes, 0.1, np.float32)
        scores[number // fps % info.classes] = 1.0
        time = Fraction(number, fps)
        track.prediction(Prediction(time, number, scores / scores.sum(), info))
    for index, start, end in events or []:
        times = Fraction(start), Fraction(end)
        track.event(Event(info.label(index), index, *times, 0.9))
    return track
