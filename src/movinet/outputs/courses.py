"""Which labels of a track are worth a look, and their scores over time, in few enough points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from movinet.outputs.track import Track
from movinet.stream import Event

MOST = 6
_WORTH = 0.1  # a peak below is noise
_LEAST = 3  # so many labels are shown even then

Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One label over time.

    Attributes:
        label: its name.
        scores: `[predictions]`, 0 to 1.
        peak: the highest of them.
        events: its events, by start.
    """

    label: str
    scores: Floats
    peak: float
    events: tuple[Event, ...]


def courses(track: Track) -> tuple[list[Course], list[Event]]:
    """At most six labels, in the order of their peaks in time, and the events of all others.

    Labels with events come first, those with most time of events before others; then those with
    the highest peaks.
    """
    scores = track.scores
    peaks = scores.max(axis=0) if len(scores) else np.zeros(track.info.classes, np.float16)
    lasting: dict[int, float] = {}
    for event in track.events:
        lasting[event.index] = lasting.get(event.index, 0.0) + float(_length(event))
    chosen = sorted(lasting, key=lambda index: -lasting[index])[:MOST]
    for index in np.argsort(-peaks, kind="stable").tolist():
        enough = _LEAST if peaks[index] < _WORTH else MOST
        if len(chosen) >= enough:
            break
        if index not in chosen:
            chosen.append(index)
    events = sorted(track.events, key=lambda event: event.start)
    if len(scores):
        chosen.sort(key=lambda index: int(scores[:, index].argmax()))
    found = [
        Course(
            track.info.label(index),
            scores[:, index].astype(np.float32),
            float(peaks[index]),
            tuple(event for event in events if event.index == index),
        )
        for index in chosen
    ]
    return found, [event for event in events if event.index not in chosen]


def reduced(places: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """As many points as can be told apart: of those on one pixel, the highest.

    Args:
        places: `[predictions]`, where each lies, in pixels, ascending.
        scores: `[predictions]`.
    """
    if not len(places) or len(places) <= places[-1] - places[0] + 1:
        return places, scores
    columns = np.floor(places)
    firsts = np.flatnonzero(np.diff(columns, prepend=-np.inf))
    return columns[firsts] + np.float32(0.5), np.maximum.reduceat(scores, firsts)


def _length(event: Event) -> float:
    return 0.0 if event.end is None else float(event.end - event.start)
