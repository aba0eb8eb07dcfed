"""`Dataset`: labelled clips and the classes that they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from movinet.errors import SourceError, UsageError
from movinet.evaluation.labelled import LabelledVideo, read_labelled
from movinet.evaluation.labelledvideo import label_problem


@dataclass(frozen=True)
class Dataset:
    """Clips and their classes.

    Attributes:
        clips: the clips, in the order of the folder or list.
        labels: one a class; a class's index is its place here.
    """

    clips: tuple[LabelledVideo, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Make sure that the labels can be labels, and that each clip has one of them.

        Raises:
            UsageError: when a label is no label, or is there twice.
            SourceError: when a clip has another label.
        """
        for label, count in Counter(self.labels).items():
            problem = label_problem(label)
            if problem is not None:
                raise UsageError(f"{problem}; labels may have no slash and are one line")
            if count > 1:
                raise UsageError(f"the label {label!r} is there {count} times; give each once")
        for clip in self.clips:
            if clip.label not in self._index:
                raise SourceError(
                    f"{clip.path} is labelled {clip.label!r}, which is none of the "
                    f"{len(self.labels)} labels; add it to them, or leave the clip out"
                )

    def __len__(self) -> int:
        return len(self.clips)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {label: place for place, label in enumerate(self.labels)}

    @cached_property
    def targets(self) -> tuple[int, ...]:
        """The class of each clip, as an index into `labels`."""
        return tuple(self._index[clip.label] for clip in self.clips)

    @property
    def counts(self) -> dict[str, int]:
        """How many clips each class has, in the order of the labels; 0 where there is none."""
        counted = Counter(clip.label for clip in self.clips)
        return {label: counted[label] for label in self.labels}

    def of(self, clips: Iterable[LabelledVideo]) -> Dataset:
        """Other clips with the same classes."""
        return replace(self, clips=tuple(clips))


def read_dataset(source: str | Path, labels: Sequence[str] | None = None) -> Dataset:
    """The clips of a folder or list; see `movinet.evaluation.read_labelled`.

    Args:
        source: a folder with a folder a class, or a list.
        labels: the classes in their order; None: those of the clips, sorted by code point (capital
            letters first), so that the order is the same on every machine.

    Raises:
        SourceError: when it cannot be read, or a clip has a label that is not among `labels`.
        UsageError: when `labels` has one twice, or one that cannot be a label.
    """
    clips = tuple(read_labelled(source))
    if labels is None:
        labels = sorted({clip.label for clip in clips})
    return Dataset(clips, tuple(labels))
