"""Label files: one label a line, in the order of the classes."""

from __future__ import annotations

import os
from pathlib import Path

from movinet.errors import LabelsError


def parse_labels(data: bytes, name: str) -> tuple[str, ...]:
    """The labels in `data`, the bytes of a label file called `name`.

    UTF-8 with or without a byte order mark; any line ending; blank lines at the end are ignored.

    Raises:
        LabelsError: when the text is not UTF-8, holds no label, or has a blank line in between.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` is `data` without its byte order mark.
        before = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line = before.count(b"\n") + 1
        raise LabelsError(
            f"cannot read labels from {name}: line {line} is not UTF-8; save the file as UTF-8"
        ) from error
    # splitlines() would also split at form feeds and the like, which may stand inside a label.
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise LabelsError(f"cannot read labels from {name}: the file is empty")
    if "" in lines:
        raise LabelsError(
            f"cannot read labels from {name}: line {lines.index('') + 1} is empty; "
            "a label file has one label a line"
        )
    if any("\0" in line for line in lines):
        raise LabelsError(f"cannot read labels from {name}: it is not a text file")
    return tuple(lines)


def read_labels(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The labels in a file, in class order.

    Raises:
        LabelsError: when the file cannot be read or is not a label file.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise LabelsError(f"cannot read labels from {path}: {error.strerror}") from error
    return parse_labels(data, str(path))
