"""Pooled features as a NumPy file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from movinet.errors import ModelError, OutputError, UsageError
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
        if self._path.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder; name a file in it")
        if not self._path.parent.is_dir():
            raise OutputError(f"cannot write {path}: there is no folder {self._path.parent}")

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
        beside = self._path.with_name(f".{self._path.name}.part")
        target = self._path if self._path.exists() and not self._path.is_file() else beside
        try:
            with target.open("wb") as file:
                np.save(file, rows)
            if target is beside:
                beside.replace(self._path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error

    def _add(self, row: FloatArray | None, video: str) -> None:
        if row is None:
            raise ModelError(
                f"the model gives no pooled feature for {video}; leave --embeddings out"
            )
        self._rows.append(row)
