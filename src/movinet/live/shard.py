"""The process that watches some of many cameras; see `Fleet`.

Its first order is a `Share`, its second, if any, to finish. It answers

    ("told", answers, health)   what `Watching.wait` gives, and how each camera does
    ("failed", wrong usage, message)
    ("over",)                   all is told; and ends
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from movinet.errors import MovinetError, UsageError
from movinet.live.camera import Camera
from movinet.live.health import State
from movinet.live.watch import Answer
from movinet.live.watching import Watching
from movinet.models import ModelInfo
from movinet.processes import Answers, orders
from movinet.stream import Classifier, Event, ModelFile, Prediction, StreamOptions

# The camera's name, its prediction (time, index, scores, memory), events, latency and state.
Packed = tuple[
    str,
    tuple[tuple[int, int], int, bytes, int] | None,
    tuple[Event, ...],
    float,
    State | None,
]

_LONGEST_WAIT = 0.25  # seconds
_HEALTH_SECONDS = 0.5  # how old what is known of the cameras may be


@dataclass(frozen=True)
class Share:
    """What one process watches."""

    model: ModelFile
    options: StreamOptions
    cameras: tuple[Camera, ...]


def pack(answer: Answer) -> Packed:
    """An answer without what both sides know, in what is quickest to pickle."""
    said = answer.prediction
    prediction = None
    if said is not None:
        time = (said.time.numerator, said.time.denominator)
        prediction = (time, said.index, said.scores.tobytes(), said.memory)
    return answer.camera.name, prediction, answer.events, answer.latency, answer.state


def unpack(packed: Packed, cameras: Mapping[str, Camera], info: ModelInfo) -> Answer:
    """The reverse of `pack`."""
    name, said, events, latency, state = packed
    prediction = None
    if said is not None:
        time, index, scores, memory = said
        prediction = Prediction(
            Fraction(*time), index, np.frombuffer(scores, np.float32), info, memory=memory
        )
    return Answer(cameras[name], prediction, events, latency, state)


def main() -> None:
    """Watch until all is over, or it is to finish."""
    answer, asked = Answers(), queue.SimpleQueue[Any]()
    orders(asked.put)
    share: Share = asked.get()
    try:
        classifier = Classifier(share.model.open(), share.options, file=share.model)
        with Watching(classifier, share.cameras, threads=1) as watching:
            telling = Telling(answer, watching)
            while not watching.over and asked.empty():
                telling(watching.wait(_LONGEST_WAIT))
            telling(watching.finish(), last=True)
            answer(("over",))
    except MovinetError as error:
        answer(("failed", isinstance(error, UsageError), str(error)))
    os._exit(0)


class Telling:
    """Says what there is to tell, and how the cameras do when that has changed, or now and then."""

    def __init__(self, answer: Answers, watching: Watching) -> None:
        self._answer, self._watching = answer, watching
        self._said = 0.0

    def __call__(self, told: list[Answer], *, last: bool = False) -> None:
        """Say these; `last`: they are the last."""
        now, health = time.monotonic(), None
        changed = any(answer.state is not None for answer in told)
        if last or changed or now - self._said >= _HEALTH_SECONDS:
            self._said = now
            health = {name: one.snapshot() for name, one in self._watching.health.items()}
        self._answer(("told", [pack(one) for one in told], health))
