"""Training, validation and test share nothing."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movinet.datasets.dataset import Dataset
from movinet.datasets.splitting import split
from movinet.errors import SourceError, UsageError
from movinet.evaluation.labelled import LabelledVideo


def dataset(clips):
    return Dataset(tuple(clips), tuple(sorted({clip.label for clip in clips})))


@st.composite
def clips(draw):
    count = draw(st.integers(1, 60))
    groups = draw(st.integers(1, 12))
    label = st.sampled_from("abc")
    group = st.one_of(st.none(), st.sampled_from([f"g{n}" for n in range(groups)]))
    path = st.integers(0, 50)
    return [
        LabelledVideo(f"/none/{draw(path)}.mp4", draw(label), place, place + 1, None, draw(group))
        for place in range(count)
    ]


@settings(max_examples=60)
@given(clips(), st.integers(0, 3), st.sampled_from([(0.15, 0.0), (0.2, 0.2), (0.0, 0.5), (0, 0)]))
def test_nothing_lies_on_two_sides(found, seed, shares):
    parts = split(dataset(found), validation=shares[0], test=shares[1], seed=seed)
    together = [clip for part in parts.values() for clip in part.clips]
    assert Counter(together) == Counter(found)
    assert list(parts) == [name for name in ("train", "validation", "test") if name in parts]
    for name, part in parts.items():
        assert part.labels == dataset(found).labels
        assert len(part)
        for other_name, other in parts.items():
            if other_name == name:
                continue
            assert not {c.path for c in part.clips} & {c.path for c in other.clips}
            groups = {c.group for c in part.clips} & {c.group for c in other.clips}
            assert groups <= {None}
    # The order of the clips does not matter.
    mixed = random.Random(seed).sample(found, len(found))
    again = split(dataset(mixed), validation=shares[0], test=shares[1], seed=seed)
    assert {n: Counter(p.clips) for n, p in again.items()} == {
        n: Counter(p.clips) for n, p in parts.items()
    }


@settings(max_examples=30)
@given(st.lists(st.integers(4, 40), min_size=2, max_size=6), st.integers(0, 5))
def test_every_class_has_its_share(sizes, seed):
    found = [
        LabelledVideo(f"/none/{label}/{n}.mp4", f"c{label}")
        for label, size in enumerate(sizes)
        for n in range(size)
    ]
    parts = split(dataset(found), validation=0.2, test=0.2, seed=seed)
    for label, size in enumerate(sizes):
        for name in ("validation", "test"):
            count = parts[name].counts[f"c{label}"] if name in parts else 0
            assert abs(count - 0.2 * size) < 2
        assert parts["train"].counts[f"c{label}"] >= 2


def test_many_small_classes_do_not_all_round_alike():
    found = [LabelledVideo(f"/none/{c}/{n}.mp4", f"c{c}") for c in range(40) for n in range(3)]
    parts = split(dataset(found))
    assert len(parts["validation"]) == pytest.approx(0.15 * 120, abs=2)
    assert min(parts["train"].counts.values()) >= 2


def test_seeds_differ():
    found = [LabelledVideo(f"/none/{n}.mp4", "ab"[n % 2]) for n in range(40)]
    one, same, other = (split(dataset(found), seed=seed)["validation"] for seed in (0, 0, 1))
    assert one == same != other


def test_the_same_file_under_two_names_stays_together(tmp_path):
    for n in range(12):
        (tmp_path / f"{n}.mp4").write_bytes(b"x" * 10 if n < 6 else bytes([n]) * 10)
    found = [LabelledVideo(str(tmp_path / f"{n}.mp4"), "ab"[n % 2]) for n in range(12)]
    for seed in range(4):
        parts = split(dataset(found), validation=0.4, seed=seed)
        alike = set(found[:6])
        assert [len(alike & set(part.clips)) for part in parts.values()] in ([6, 0], [0, 6])


def test_splits_that_are_told():
    found = [
        LabelledVideo(f"{n}.mp4", "ab"[n % 2], split=("train", "validation", "test")[n % 3])
        for n in range(12)
    ]
    parts = split(dataset(found), validation=0.9)
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 4,
        "validation": 4,
        "test": 4,
    }
    silent = [*found, LabelledVideo("silent.mp4", "a")]
    with pytest.raises(SourceError, match=r"1 of 13 clips have no split, the first is silent.mp4"):
        split(dataset(silent))
    with pytest.raises(SourceError, match="no clip has the split train"):
        split(dataset([clip for clip in found if clip.split != "train"]))


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"validation": -0.1}, "the share for validation must be 0 or more and below 1, not -0.1"),
        ({"test": 1}, "the share for test must be"),
        ({"test": float("nan")}, "the share for test must be"),
        ({"validation": 0.5, "test": 0.5}, "leave no clip to train"),
    ],
)
def test_shares_that_make_no_sense(shares, says):
    with pytest.raises(UsageError, match=says):
        split(dataset([LabelledVideo("a", "b")]), **shares)
