"""Videos of which it is known what they show, and how often a model says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from movinet.errors import SourceError
from movinet.evaluation.labelledvideo import LabelledVideo, label_problem
from movinet.evaluation.lists import read_list, split_named
from movinet.frames.discovery import find_videos, is_video, natural_order
from movinet.models import ModelInfo
from movinet.stream import Classifier

__all__ = [
    "Accuracy",
    "LabelledVideo",
    "accuracy",
    "plain_label",
    "read_labelled",
    "unknown_labels",
]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many videos a model named rightly at the first guess."""

    right: int
    videos: int

    @property
    def top1(self) -> float:
        """Their share, 0 to 1."""
        return self.right / self.videos


def plain_label(label: str) -> str:
    """What of a label counts: case does not, and underscores are spaces."""
    return " ".join(label.replace("_", " ").casefold().split())


def read_labelled(data: str | Path) -> list[LabelledVideo]:
    """The videos of a folder or a list, with their labels.

    A folder has a folder for each label. It may instead have folders `train`, `validation` (or
    `val`) and `test`, each with a folder for each label. A list is a CSV file (`path,label`, or
    with a head line that names the columns), JSON Lines, or a CSV file of Kinetics; see
    docs/datasets.md. Paths in it are meant from its own folder.

    Raises:
        SourceError: when it cannot be read or names no video, or a label cannot be one.
    """
    path = Path(data)
    try:
        found = _folder(path) if path.is_dir() else read_list(path)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise SourceError(f"cannot read {data}: {reason}") from error
    if not found:
        wanted = "no folder of videos in it" if path.is_dir() else "it names no video"
        raise SourceError(
            f"cannot read {data}: {wanted}; give a folder with a folder of videos for each label, "
            "or a CSV file with lines path,label"
        )
    return found


def _folder(path: Path) -> list[LabelledVideo]:
    names = _folders(path)
    splits = [split_named(name) for name in names]
    if "train" in splits and all(splits) and not any(_holds_videos(path / n) for n in names):
        return [
            LabelledVideo(video.path, video.label, split=split)
            for name, split in zip(names, splits, strict=True)
            for video in _classes(path / name)
        ]
    return _classes(path)


def _classes(path: Path) -> list[LabelledVideo]:
    found = []
    for name in _folders(path):
        videos = find_videos(str(path / name), _refuse)
        problem = label_problem(name) if videos else None
        if problem is not None:
            raise SourceError(f"cannot read {path}: {problem}; rename the folder")
        found += [LabelledVideo(video, name) for video in videos]
    return found


def _refuse(error: OSError) -> None:
    """To leave out what lies in it would be to learn, or to judge, by other clips in silence."""
    raise SourceError(f"cannot read {error.filename}: {error.strerror}") from error


def _folders(path: Path) -> list[str]:
    return natural_order(e.name for e in path.iterdir() if e.is_dir() and e.name[0] != ".")


def _holds_videos(path: Path) -> bool:
    return any(is_video(entry) and entry.is_file() for entry in path.iterdir())


def unknown_labels(videos: Sequence[LabelledVideo], info: ModelInfo) -> list[str]:
    """The labels of `videos` that the model has not; it can name none of those rightly."""
    known = {plain_label(label) for label in info.labels or ()}
    return sorted({video.label for video in videos if plain_label(video.label) not in known})


def accuracy(
    classifier: Classifier,
    videos: Sequence[LabelledVideo],
    *,
    failed: Callable[[LabelledVideo, str], None],
    progress: Callable[[float], None] | None = None,
) -> Accuracy | None:
    """Classify them all; None when none could be read.

    Args:
        classifier: the model.
        videos: what to classify.
        failed: called with each video that cannot be read, and why; it is left out.
        progress: called after each video with how much is done, 0 to 1.
    """
    right = count = 0
    for number, video in enumerate(videos):
        try:
            best = classifier.classify(video.path, start=video.start, end=video.end).top(1)[0].label
        except SourceError as error:
            failed(video, str(error))
        else:
            count += 1
            right += plain_label(best) == plain_label(video.label)
        if progress is not None:
            progress((number + 1) / len(videos))
    return Accuracy(right, count) if count else None
