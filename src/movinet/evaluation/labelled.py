"""Videos of which it is known what they show, and how often a model says so."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from movinet.errors import SourceError
from movinet.frames.discovery import find_videos, natural_order
from movinet.models import ModelInfo
from movinet.stream import Classifier

_CSV_HEADS = ({"path", "video", "file"}, {"label", "class"})


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """A video and the label of what it shows."""

    path: str
    label: str


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
    """The videos of a folder with a folder a class, or of a CSV file with lines `path,label`.

    Paths in a CSV file are meant from its own folder; a head line `path,label` may be there.

    Raises:
        SourceError: when it cannot be read or names no video.
    """
    path = Path(data)
    try:
        found = _folder(path) if path.is_dir() else _csv(path)
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
    names = natural_order(e.name for e in path.iterdir() if e.is_dir() and e.name[0] != ".")
    return [LabelledVideo(video, name) for name in names for video in find_videos(str(path / name))]


def _csv(path: Path) -> list[LabelledVideo]:
    found: list[LabelledVideo] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for row in reader:
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if len(cells) < 2 or not cells[0] or not cells[1]:
                    raise SourceError(
                        f"cannot read {path}: line {reader.line_num} is not path,label"
                    )
                head = [cell.lower() for cell in cells[:2]]
                if not found and head[0] in _CSV_HEADS[0] and head[1] in _CSV_HEADS[1]:
                    continue
                found.append(LabelledVideo(str(path.parent / cells[0]), cells[1]))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"cannot read {path}: it is not a CSV file in UTF-8") from error
    return found


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
            best = classifier.classify(video.path).top(1)[0].label
        except SourceError as error:
            failed(video, str(error))
        else:
            count += 1
            right += plain_label(best) == plain_label(video.label)
        if progress is not None:
            progress((number + 1) / len(videos))
    return Accuracy(right, count) if count else None
