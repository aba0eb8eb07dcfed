"""Lists of labelled videos: CSV, JSON Lines, and the CSV files that Kinetics is published as."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from movinet.errors import SourceError
from movinet.evaluation.labelledvideo import LabelledVideo, label_problem
from movinet.frames.discovery import find_videos

_PATHS, _LABELS = ("path", "video", "file"), ("label", "class")
_SPLITS = {
    "train": "train",
    "val": "validation",
    "validate": "validation",
    "validation": "validation",
    "test": "test",
}
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
# Where a row stands, and its cells by their column's name.
_Row = tuple[int, Mapping[str, object]]


def split_named(name: str) -> str | None:
    """The split that is meant by `name`: `train`, `validation` or `test`; None when none is."""
    return _SPLITS.get(name.strip().lower())


def read_list(path: Path) -> list[LabelledVideo]:
    """The videos of a list; none when it names none. Paths are meant from the list's own folder.

    Raises:
        SourceError: when it is no such list, or a row of it makes no sense.
        OSError: when it cannot be read.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "JSON Lines" if path.suffix.lower() in _JSON_SUFFIXES else "CSV"
        raise SourceError(f"cannot read {path}: it is not a {kind} file in UTF-8") from error
    if path.suffix.lower() in _JSON_SUFFIXES or text.lstrip().startswith("{"):
        return [_video(path, row) for row in _json_rows(path, text)]
    try:
        lines = list(_csv_lines(text))
    except csv.Error as error:
        raise SourceError(f"cannot read {path}: it is not a CSV file in UTF-8") from error
    if not lines:
        return []
    head = [cell.lower() for cell in lines[0][1]]
    if {"label", "youtube_id"} <= set(head):
        return _kinetics(path, list(_named(lines[1:], head)))
    if any(name in head for name in _PATHS) and any(name in head for name in _LABELS):
        return [_video(path, row) for row in _named(lines[1:], head)]
    return [_video(path, row) for row in _named(lines, ["path", "label"])]


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = "\t" if "\t" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells


def _named(lines: list[tuple[int, list[str]]], head: list[str]) -> Iterator[_Row]:
    for number, cells in lines:
        yield number, dict(zip(head, cells, strict=False))


def _json_rows(path: Path, text: str) -> Iterator[_Row]:
    # Not splitlines(): that also splits where a text in an object may.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise SourceError(
                f"cannot read {path}: line {number} is not a JSON object; "
                'give one a line, such as {"path": "a.mp4", "label": "yoga"}'
            )
        yield number, row


def _video(path: Path, row: _Row) -> LabelledVideo:
    """The video that a row of a list names."""
    number = row[0]
    name = _text(path, row, *_PATHS)
    label = _text(path, row, *_LABELS)
    if name is None or label is None:
        raise SourceError(f"cannot read {path}: line {number} is not path,label")
    start, end = _part(path, row, "start", "end")
    return LabelledVideo(
        str(path.parent / name),
        _checked(path, number, label),
        start,
        end,
        _split(path, row),
        _text(path, row, "group"),
    )


def _kinetics(path: Path, rows: list[_Row]) -> list[LabelledVideo]:
    """Kinetics' own lists: label, youtube_id, time_start, time_end, split.

    The files lie beside the list or in folders below, as `ID_000010_000020.mp4` (the ten seconds,
    cut out) or as `ID.mp4` (the whole video, of which the ten seconds are read).
    """
    files: dict[str, str] = {}
    for video in find_videos(str(path.absolute().parent)):
        files.setdefault(Path(video).stem, video)
    found, there = [], 0
    for row in rows:
        number = row[0]
        name, label = _text(path, row, "youtube_id"), _text(path, row, "label")
        start, end = _part(path, row, "time_start", "time_end")
        if name is None or label is None or start is None or end is None:
            raise SourceError(
                f"cannot read {path}: line {number} is not label,youtube_id,time_start,time_end"
            )
        cut = f"{name}_{int(start):06d}_{int(end):06d}"
        file = files.get(cut)
        part: tuple[float | None, float | None] = (None, None)
        if file is None and name in files:
            file, part = files[name], (start, end)
        there += file is not None
        # One that is not there is named, so that it can be said which it is.
        place = file or str(path.parent / f"{cut}.mp4")
        found.append(
            LabelledVideo(place, _checked(path, number, label), *part, _split(path, row), name)
        )
    if found and not there:
        raise SourceError(
            f"cannot read {path}: of its {len(found)} videos none lies beside it or below; "
            f"they are called like {Path(found[0].path).name} or {found[0].group}.mp4"
        )
    return found


def _text(path: Path, row: _Row, *names: str) -> str | None:
    """The cell under the first of `names` that there is; None when it is empty."""
    number, cells = row
    value = next((cells[name] for name in names if name in cells), None)
    if isinstance(value, int) and not isinstance(value, bool) and "group" in names:
        value = str(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise SourceError(f"cannot read {path}: line {number}: {names[0]} is not text: {value!r}")
    return value


def _checked(path: Path, number: int, label: str) -> str:
    problem = label_problem(label)
    if problem is not None:
        raise SourceError(
            f"cannot read {path}: line {number}: {problem}; labels may have no slash and are one "
            "line"
        )
    return label


def _part(path: Path, row: _Row, first: str, last: str) -> tuple[float | None, float | None]:
    start, end = _seconds(path, row, first), _seconds(path, row, last)
    if end is not None and end <= (start or 0):
        raise SourceError(
            f"cannot read {path}: line {row[0]}: {last} ({end:g} s) is not after {first}"
        )
    return start, end


def _seconds(path: Path, row: _Row, name: str) -> float | None:
    number, cells = row
    value = cells.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        seconds = float(value)
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise SourceError(
            f"cannot read {path}: line {number}: {name} is not a number of seconds: {value!r}"
        ) from error
    return seconds


def _split(path: Path, row: _Row) -> str | None:
    name = _text(path, row, "split")
    if name is None:
        return None
    split = split_named(name)
    if split is None:
        raise SourceError(
            f"cannot read {path}: line {row[0]}: the split {name!r} is unknown; "
            "use train, validation or test"
        )
    return split
