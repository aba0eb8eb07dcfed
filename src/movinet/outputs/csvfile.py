"""Results as CSV, one line a category."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from movinet.errors import OutputError
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

COLUMNS = (
    "video", "time", "rank", "label", "index", "score", "start", "end", "peak", "frames",
    "duration", "damaged_packets", "error",
)  # fmt: skip


class Csv(Sink):
    """A header, one line for each category, and one for each event that has ended.

    "time" is empty for a whole video; "start", "end" and "peak" are those of events.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._output = TextOutput(path)
        try:
            self._write(dict.fromkeys(COLUMNS, ""), header=True)
        except BaseException:
            with suppress(OutputError):
                self._output.close()
            raise

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """A line for each category at one moment."""
        self._rows(prediction_record(video, prediction, top))

    def event(self, video: str, event: Event) -> None:
        """A line for one that has ended."""
        if event.end is not None:
            self._write(event_record(video, event))

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """A line for each category of the whole."""
        self._rows(summary_record(video, summary, top))

    def error(self, video: str, message: str) -> None:
        """A line with the error."""
        self._write(error_record(video, message))

    def close(self) -> None:
        """Finish."""
        self._output.close()

    def _rows(self, record: Record) -> None:
        top = record.pop("top") or [{}]
        for rank, category in enumerate(top, start=1):
            self._write({**record, "rank": rank, **category})

    def _write(self, row: Record, *, header: bool = False) -> None:
        text = io.StringIO()
        # Python before 3.13 quotes only those line breaks that end a line, so both must.
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader() if header else writer.writerow(row)
        self._output.write(text.getvalue().removesuffix("\r\n") + "\n")
