"""A video and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """A video, or a part of one, and the label of what it shows.

    Attributes:
        path: the file.
        label: what it shows.
        start, end: seconds; only the part from `start` to before `end`. None: from the beginning,
            to the end.
        split: `train`, `validation` or `test`, where the list says so.
        group: what it was cut from or who is in it, where the list says so. Clips of one group
            never lie on two sides of a split.
    """

    path: str
    label: str
    start: float | None = None
    end: float | None = None
    split: str | None = None
    group: str | None = None


def label_problem(label: str) -> str | None:
    """What is wrong with a label, or None. Labels become lines of files and names of folders."""
    if not label.strip():
        return "a label is empty"
    if "/" in label or "\\" in label:
        return f"the label {label!r} has a slash in it"
    if len(label.splitlines()) > 1 or label != label.strip("\r\n"):
        return f"the label {label!r} has a line break in it"
    if "\0" in label:
        return f"the label {label!r} has a zero byte in it"
    return None
