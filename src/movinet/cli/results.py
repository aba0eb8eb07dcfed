"""Where the results of `movinet classify` go, by what was asked for."""

from __future__ import annotations

from importlib.util import find_spec

from movinet.errors import MissingExtraError, UsageError
from movinet.outputs.sink import Sink


def main_sink(out: str | None, as_json: bool, *, embeddings: bool) -> Sink:
    """A table, or a file by its ending; `embeddings`: the pooled features too, where it can.

    Raises:
        UsageError: when the file is a folder.
        OutputError: when it cannot be written.
        MissingExtraError: when it is Parquet and pyarrow is not installed.
    """
    # Each is imported where it is chosen: a short video is over sooner than a long import.
    if out is None and not as_json:
        from movinet.outputs.table import Table

        return Table()
    if out is not None and out.lower().endswith(".csv") and not as_json:
        from movinet.outputs.csvfile import Csv

        return Csv(out)
    if out is not None and is_parquet(out) and not as_json:
        from movinet.outputs.parquet import Parquet

        return Parquet(out, embeddings=embeddings)
    from movinet.outputs.jsonlines import JsonLines

    return JsonLines(out)


def is_parquet(out: str | None) -> bool:
    """Whether a file is Parquet, by its name."""
    return out is not None and out.lower().endswith(".parquet")


def check_results(out: str | None, *, per_frame: bool, as_json: bool) -> None:
    """Say before the work what cannot come of it.

    Raises:
        UsageError: when a Parquet file cannot hold what is asked for.
        MissingExtraError: when it needs pyarrow, which is not installed.
    """
    if not is_parquet(out) or as_json:
        return
    if per_frame:
        raise UsageError("a Parquet file has a row a video: leave --per-frame out, or use .jsonl")
    if find_spec("pyarrow") is None:
        raise MissingExtraError("a Parquet file", "ray")
