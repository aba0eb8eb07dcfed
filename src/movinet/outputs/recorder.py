"""`Recorder`: results kept as records."""

from __future__ import annotations

from collections.abc import Sequence

from movinet.outputs.records import (
    Record,
    error_record,
    event_record,
    prediction_record,
    summary_record,
)
from movinet.outputs.sink import Sink
from movinet.stream import Category, Event, Prediction, Summary


class Recorder(Sink):
    """Keeps what it is told.

    Attributes:
        records: in the order in which it was told.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """Keep a moment."""
        self.records.append(prediction_record(video, prediction, top))

    def event(self, video: str, event: Event) -> None:
        """Keep an event."""
        self.records.append(event_record(video, event))

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """Keep a whole video."""
        self.records.append(summary_record(video, summary, top))

    def error(self, video: str, message: str) -> None:
        """Keep a failure."""
        self.records.append(error_record(video, message))
