"""`Track`: all that a stream said of one video, for outputs that need the whole of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from movinet.models import ModelInfo
from movinet.stream import Category, Event, Prediction, top_categories

Scores = NDArray[np.float16]


@dataclass
class Track:
    """Scores over time, and events. An hour of 600 classes at 5 frames a second is 22 MB.

    Attributes:
        video: its name.
        info: the model's contract.
        times: seconds of each prediction, ascending.
        events: what has ended, in the order of the ends.
        duration: seconds of the video, where known.
    """

    video: str
    info: ModelInfo
    times: list[Fraction] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    duration: Fraction | None = None
    _rows: list[Scores] = field(default_factory=list, repr=False)

    def prediction(self, prediction: Prediction) -> None:
        """Take in the next prediction."""
        self.times.append(prediction.time)
        self._rows.append(prediction.scores.astype(np.float16))

    def event(self, event: Event) -> None:
        """Take in an event; one that goes on is given again when it ends."""
        if event.end is not None:
            self.events.append(event)

    @property
    def scores(self) -> Scores:
        """`[len(times), classes]`, 0 to 1."""
        if not self._rows:
            return np.zeros((0, self.info.classes), np.float16)
        return np.stack(self._rows)

    def top(self, number: int, count: int) -> list[Category]:
        """The best classes of prediction `number`, best first."""
        return top_categories(self._rows[number].astype(np.float32), self.info, count)
