"""Pooled features as a NumPy file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from movinet.errors import ModelError
from movinet.outputs.beside import beside, check_place
from movinet.outputs.sink import Sink
from movinet.runtime import FloatArray
from movinet.stream import Category, Prediction, Summary


class Embeddings(Sink):
    """A `.npy` file `[rows, channels]` float32.

    One row a video, in order, all NaN for one that failed, so that rows and lines of other outputs
    match. With `per_frame`, one row for each prediction instead, and none for failed videos.
    """

    def __init__(self, path: str | Path, *, per_frame: bool = False) -> None:
        self._path = Path(path)
        self._per_frame = per_frame
        self._rows: list[FloatArray | None] = []
        self._closed = False
        check_place(path)

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """A row, with `per_frame`."""
        if self._per_frame:
            self._add(prediction.embedding, video)

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """A row, without `per_frame`."""
        if not self._per_frame:
            self._add(summary.embedding, video)

    def error(self, video: str, message: str) -> None:
        """A row of NaN, without `per_frame`."""
        if not self._per_frame:
            self._rows.append(None)

    def close(self) -> None:
        """Write the file."""
        if self._closed:
            return
        self._closed = True
        width = next((len(row) for row in self._rows if row is not None), 0)
        blank = np.full(width, np.nan, np.float32)
        table = [blank if row is None else row for row in self._rows]
        rows = np.stack(table) if table else np.empty((0, 0), np.float32)
        with beside(self._path) as place, place.open("wb") as file:
            np.save(file, rows)

    def _add(self, row: FloatArray | None, video: str) -> None:
        if row is None:
            raise ModelError(
                f"the model gives no pooled feature for {video}; leave --embeddings out"
            )
        self._rows.append(row)
