"""What is wrong with a dataset, said before the first step of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from movinet.datasets.cache import CachedClips
from movinet.datasets.content import content_keys
from movinet.datasets.dataset import Dataset
from movinet.errors import SourceError
from movinet.evaluation.labelled import LabelledVideo
from movinet.evaluation.labelledvideo import TEST, TRAIN, VALIDATION

LEAST_CLASSES = 2
LEAST_CLIPS = 2


@dataclass(frozen=True)
class Findings:
    """What was found; every finding is one line.

    Attributes:
        counts: clips by part and label.
        errors: what must be changed before training.
        warnings: what should be looked at.
        short: clips that have fewer frames than the window.
        unreadable: clips that cannot be read, with the reason; they are left out.
    """

    counts: dict[str, dict[str, int]]
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def raise_first(self) -> None:
        """Raise the first error, if there is one.

        Raises:
            SourceError: with it, and with how many more there are.
        """
        if self.errors:
            more = (
                f" (and {_count(len(self.errors) - 1, 'more error')})"
                if len(self.errors) > 1
                else ""
            )
            raise SourceError(self.errors[0] + more)


def check(
    parts: Mapping[str, Dataset],
    cached: Mapping[str, CachedClips] | None = None,
    *,
    window: int = 1,
) -> Findings:
    """Look at the parts of a dataset (`train`, `validation`, `test`).

    Args:
        parts: as `split` gives them.
        cached: the same parts decoded. Without them nothing is said of clips that cannot be read
            or are short; call it before decoding, which may take long, and again after it.
        window: frames that training looks at, at the rate of the cache.
    """
    errors = _numbers(parts)
    warnings: list[str] = []
    contents = content_keys([clip.path for part in parts.values() for clip in part.clips])
    for first, second in ((TRAIN, TEST), (TRAIN, VALIDATION), (VALIDATION, TEST)):
        leaks = _leaks(parts, first, second, contents)
        # What is tested must not have been learned; the others make a figure too good.
        (errors if (first, second) == (TRAIN, TEST) else warnings).extend(leaks)
    train = parts.get(TRAIN)
    for name, part in parts.items():
        if train is None or part is train:
            continue
        missing = [label for label, count in part.counts.items() if not count]
        if missing:
            warnings.append(f"{name} has no clip of {_some(missing)}")
    short: list[str] = []
    unreadable: list[str] = []
    for name, clips in (cached or {}).items():
        unreadable += [reason for _, reason in clips.unreadable]
        short += [
            f"{clip.path} has {_count(clips.frames(place), 'frame')}, the window {window}; "
            "it is repeated from its start"
            for place, clip in enumerate(clips.dataset.clips)
            if clips.frames(place) < window
        ]
        if name == TRAIN:
            errors += _unreadable_classes(parts[name], clips)
    return Findings(
        {name: part.counts for name, part in parts.items()},
        tuple(errors),
        tuple(warnings),
        tuple(short),
        tuple(unreadable),
    )


def _numbers(parts: Mapping[str, Dataset]) -> list[str]:
    train = parts.get(TRAIN)
    if train is None or not len(train):
        return ["there is no clip to train on"]
    if len(train.labels) < LEAST_CLASSES:
        return [
            f"there is one class, {train.labels[0]!r}; training needs {LEAST_CLASSES} or more: "
            "add a folder of clips that show something else"
        ]
    return [
        f"the class {label!r} has {_count(count, 'clip')} to train on; it needs {LEAST_CLIPS} or "
        "more: add clips, or leave the class out"
        for label, count in train.counts.items()
        if count < LEAST_CLIPS
    ]


def _unreadable_classes(part: Dataset, cached: CachedClips) -> list[str]:
    """Classes of which training has clips, but too few that can be read."""
    found = []
    for label, readable in cached.dataset.counts.items():
        count = part.counts[label]
        if readable >= LEAST_CLIPS or count < LEAST_CLIPS:
            continue
        reason = next(why for clip, why in cached.unreadable if clip.label == label)
        some = "none" if not readable else f"only {readable}"
        found.append(
            f"of the {count} clips of the class {label!r} {some} can be read; the first: {reason}"
        )
    return found


def _leaks(
    parts: Mapping[str, Dataset], first: str, second: str, contents: Mapping[str, str]
) -> list[str]:
    """What two parts have in common: a group, a file, what files hold; one line of each kind."""
    if first not in parts or second not in parts:
        return []
    one, other = parts[first].clips, parts[second].clips
    found = []
    groups = {clip.group: clip for clip in reversed(one) if clip.group is not None}
    shared = [(groups[clip.group], clip) for clip in other if clip.group in groups]
    if shared:
        found.append(
            f"the group {shared[0][0].group!r} is in {first} ({shared[0][0].path}) and in {second} "
            f"({shared[0][1].path}){_more({clip.group for _, clip in shared}, 'group')}"
        )
    files = {contents[clip.path]: clip for clip in reversed(one) if clip.path in contents}
    alike = [
        (files[contents[clip.path]], clip) for clip in other if contents.get(clip.path) in files
    ]
    if alike:
        found.append(_same_file(*alike[0], first, second) + _more({c for _, c in alike}, "clip"))
    return found


def _same_file(one: LabelledVideo, other: LabelledVideo, first: str, second: str) -> str:
    if one.path == other.path:
        return f"the file {one.path} is in {first} and in {second}"
    return f"{one.path} in {first} and {other.path} in {second} hold the same"


def _more(found: set[str | None] | set[LabelledVideo], noun: str) -> str:
    return f"; and {_count(len(found) - 1, 'more ' + noun)} like that" if len(found) > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(labels: list[str]) -> str:
    named = ", ".join(repr(label) for label in labels[:3])
    return named if len(labels) <= 3 else f"{named} and {len(labels) - 3} more classes"
