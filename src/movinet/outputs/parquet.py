"""Results as a Parquet file, a row a video."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movinet.errors import MissingExtraError, OutputError
from movinet.outputs.beside import beside
from movinet.outputs.records import Record, error_record, event_record, summary_record
from movinet.outputs.sink import Sink
from movinet.stream import Category, Event, Summary

if TYPE_CHECKING:
    import pyarrow

# Rows that are written together; a few megabytes.
_ROWS = 5000


class Parquet(Sink):
    """Columns as the keys of JSON Lines; events are a list, and so is the pooled feature.

    Moments have no place in it and are left out.
    """

    def __init__(self, path: str | Path, *, embeddings: bool = False) -> None:
        """Begin the file beside its name.

        Args:
            path: the file.
            embeddings: keep the pooled features; without, the column is empty.

        Raises:
            UsageError: when it is a folder.
            OutputError: when it cannot be written.
            MissingExtraError: when pyarrow is not installed.
        """
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtraError("a Parquet file", "ray") from error
        self._path, self._embeddings = Path(path), embeddings
        self._rows: list[Record] = []
        self._events: list[Record] = []
        self._schema = _schema()
        with ExitStack() as stack:
            place = stack.enter_context(beside(path))
            self._writer: Any = parquet.ParquetWriter(place, self._schema)
            self._place = stack.pop_all()

    def event(self, video: str, event: Event) -> None:
        """Keep one that has ended for the row of its video."""
        if event.end is not None:
            self._events.append(event_record(video, event))

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """A row."""
        vector = None
        if self._embeddings and summary.embedding is not None:
            vector = summary.embedding.tolist()
        row = {**summary_record(video, summary, top), "events": self._events}
        self._add({**row, "embedding": vector})

    def error(self, video: str, message: str) -> None:
        """A row with the error."""
        self._add(error_record(video, message))

    def close(self) -> None:
        """Give the file its name."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with self._place:
            self._write(writer)
            writer.close()

    def _add(self, row: Record) -> None:
        # Also an error, or a model's name, may hold a file's name that is not UTF-8.
        self._rows.append({k: _text(v) if isinstance(v, str) else v for k, v in row.items()})
        self._events = []
        if len(self._rows) >= _ROWS:
            try:
                self._write(self._writer)
            except OSError as error:
                raise self._failed(error) from error

    def _write(self, writer: Any) -> None:  # noqa: ANN401 (pyarrow tells no types)
        import pyarrow

        writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror or error}")


def _text(text: str) -> str:
    """With escapes for bytes of a name that are not UTF-8, which no text column takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    category = pa.struct([("label", pa.string()), ("index", pa.int32()), ("score", pa.float64())])
    event = pa.struct(
        [
            ("label", pa.string()),
            ("index", pa.int32()),
            ("start", pa.float64()),
            ("end", pa.float64()),
            ("peak", pa.float64()),
        ]
    )
    return pa.schema(
        [
            ("video", pa.string()),
            ("model", pa.string()),
            ("duration", pa.float64()),
            ("frames", pa.int64()),
            ("top", pa.list_(category)),
            ("damaged_packets", pa.int64()),
            ("events", pa.list_(event)),
            ("embedding", pa.list_(pa.float32())),
            ("error", pa.string()),
        ]
    )
