"""Results as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from movinet.outputs.records import (
    Record,
    error_record,
    event_record,
    prediction_record,
    summary_record,
)
from movinet.outputs.sink import Sink
from movinet.outputs.textfile import TextOutput
from movinet.stream import Category, Event, Prediction, Summary


class JsonLines(Sink):
    """One JSON object a line, to a file or (without a path) to standard output."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._output = TextOutput(path)

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """A line with "video", "time" and "top"."""
        self._write(prediction_record(video, prediction, top))

    def event(self, video: str, event: Event) -> None:
        """A line with "video", "event", "label", "index", "start", "end" and "peak"."""
        self._write(event_record(video, event))

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """A line with "video", "model", "duration", "frames", "top" and "damaged_packets"."""
        self._write(summary_record(video, summary, top))

    def error(self, video: str, message: str) -> None:
        """A line with "video" and "error"."""
        self._write(error_record(video, message))

    def close(self) -> None:
        """Finish."""
        self._output.close()

    def _write(self, record: Record) -> None:
        # ASCII output survives every terminal and pipe, and JSON readers give the letters back.
        self._output.write(json.dumps(record) + "\n")
