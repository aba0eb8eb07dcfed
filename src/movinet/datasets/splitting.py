"""Dividing a dataset into training, validation and test, without leaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable

from movinet.datasets.content import content_keys
from movinet.datasets.dataset import Dataset
from movinet.errors import SourceError, UsageError
from movinet.evaluation.labelled import LabelledVideo
from movinet.evaluation.labelledvideo import SPLITS, TEST, TRAIN, VALIDATION


def split(
    dataset: Dataset, *, validation: float = 0.15, test: float = 0.0, seed: int = 0
) -> dict[str, Dataset]:
    """`train`, `validation` and `test`; those that would be empty are left out.

    Where the clips say their split, that is it, and the shares do not count. Else clips are divided
    so that each side has its share of every class, as near as whole groups allow. Clips of one
    group, parts of one file, and files that hold the same stay together. The answer depends on the
    clips and `seed` alone, not on their order.

    Args:
        dataset: what to divide.
        validation, test: shares of the clips, 0 to below 1.
        seed: another one gives another division.

    Raises:
        UsageError: when the shares make no sense.
        SourceError: when some clips say their split and others do not, or none is for training.
    """
    told = [clip for clip in dataset.clips if clip.split is not None]
    if told:
        return _as_told(dataset, told)
    for name, share in ((VALIDATION, validation), (TEST, test)):
        if not 0 <= share < 1:
            raise UsageError(f"the share for {name} must be 0 or more and below 1, not {share:g}")
    if validation + test >= 1:
        raise UsageError(
            f"the shares for validation ({validation:g}) and test ({test:g}) leave no clip to train"
        )
    shares = {TRAIN: 1 - validation - test, VALIDATION: validation, TEST: test}
    return _parts(dataset, _divide(dataset, shares, seed))


def _as_told(dataset: Dataset, told: list[LabelledVideo]) -> dict[str, Dataset]:
    if len(told) < len(dataset):
        silent = next(clip for clip in dataset.clips if clip.split is None)
        raise SourceError(
            f"{len(dataset) - len(told)} of {len(dataset)} clips have no split, the first is "
            f"{silent.path}; give every clip one, or none"
        )
    parts = _parts(dataset, [clip.split for clip in dataset.clips])
    if TRAIN not in parts:
        raise SourceError("no clip has the split train; give some, or leave the splits out")
    return parts


def _parts(dataset: Dataset, sides: list[str | None]) -> dict[str, Dataset]:
    parts = {}
    for name in SPLITS:
        clips = [clip for clip, side in zip(dataset.clips, sides, strict=True) if side == name]
        if clips:
            parts[name] = dataset.of(clips)
    return parts


def bundles(clips: tuple[LabelledVideo, ...]) -> list[list[int]]:
    """The places of the clips that must stay together, each bundle in order."""
    contents = content_keys([clip.path for clip in clips])
    parent = list(range(len(clips)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[Hashable, int] = {}
    for place, clip in enumerate(clips):
        for key in (
            ("path", clip.path),
            ("group", place if clip.group is None else clip.group),
            ("content", contents.get(clip.path, place)),
        ):
            parent[root(place)] = root(first.setdefault(key, place))
    together: dict[int, list[int]] = {}
    for place in range(len(clips)):
        together.setdefault(root(place), []).append(place)
    return list(together.values())


def _divide(dataset: Dataset, shares: dict[str, float], seed: int) -> list[str | None]:
    """The side of each clip.

    One bundle after the other, the largest first, goes where most is missing of what it holds; of
    its classes and, a little, of all together, so that many small classes do not all round alike.
    """
    names = sorted(bundles(dataset.clips), key=lambda bundle: _order(dataset, bundle))
    random.Random(f"split {seed}").shuffle(names)
    names.sort(key=len, reverse=True)
    total, classes = len(dataset), len(dataset.labels)
    missing = {
        side: {c: share * n for c, n in Counter(dataset.targets).items()}
        for side, share in shares.items()
        if share > 0
    }
    missing_total = {side: shares[side] * total for side in missing}
    sides: list[str | None] = [None] * total
    for bundle in names:
        held = Counter(dataset.targets[place] for place in bundle)

        def need(side: str, held: Counter[int] = held) -> float:
            own = sum(count * missing[side][c] for c, count in held.items())
            return own + held.total() * missing_total[side] / classes

        side = max(missing, key=need)
        missing_total[side] -= len(bundle)
        for c, count in held.items():
            missing[side][c] -= count
        for place in bundle:
            sides[place] = side
    return sides


def _order(dataset: Dataset, bundle: list[int]) -> list[tuple[str, float, float, str]]:
    clips = [dataset.clips[place] for place in bundle]
    return sorted((c.path, c.start or 0, c.end or 0, c.label) for c in clips)
