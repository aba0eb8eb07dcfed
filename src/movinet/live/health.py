"""`Health`: how a camera does."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

_RECENT = 100  # answers that the figures speak of
_SPAN = 5.0  # seconds over which frames are counted


class State(StrEnum):
    """What a camera does."""

    CONNECTING = "connecting"
    WAITING = "no picture yet"
    LIVE = "live"
    LOST = "lost"
    ENDED = "ended"


@dataclass
class Health:
    """What is known of one camera; written by its reader and by who answers, read by who shows it.

    Attributes:
        state: what it does now.
        reason: why it is lost or has ended, in words.
        frames: that came, of those that the model's frame rate asks for.
        answers: frames that were answered.
        drops: frames that a newer one took the place of before they were answered.
        connections: how often it was connected.
        damaged_packets, mended_times: of the source, in all.
        reader_cpu, model_cpu: seconds of processor time for reading and for answering.
    """

    state: State = State.CONNECTING
    reason: str = ""
    frames: int = 0
    answers: int = 0
    drops: int = 0
    connections: int = 0
    damaged_packets: int = 0
    mended_times: int = 0
    reader_cpu: float = 0.0
    model_cpu: float = 0.0
    _latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT), repr=False)
    _moments: deque[float] = field(default_factory=lambda: deque(maxlen=1000), repr=False)

    def answered(self, latency: float, now: float) -> None:
        """A frame was answered `latency` seconds after it had come."""
        self.answers += 1
        self._latencies.append(latency)
        self._moments.append(now)

    def snapshot(self) -> Health:
        """The same as it is now, and no longer than it has to be."""
        moments = list(self._moments)
        recent = [moment for moment in moments if moments[-1] - moment <= _SPAN]
        return replace(self, _latencies=deque(list(self._latencies)), _moments=deque(recent))

    def latency(self, percentile: float = 50) -> float | None:
        """Seconds from a frame to its answer, of the last hundred; None before the first."""
        if not self._latencies:
            return None
        return float(np.percentile(list(self._latencies), percentile))

    def rate(self, now: float | None = None) -> float:
        """Answers per second, over the last five seconds."""
        now = time.monotonic() if now is None else now
        recent = [moment for moment in list(self._moments) if now - moment <= _SPAN]
        if len(recent) < 2:
            return 0.0
        # Over the time between the first and the last, so that a start does not look slow.
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-9)
