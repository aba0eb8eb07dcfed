"""Batches: all clips, in an order that a run can go on in."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest
import torch

from movinet.datasets.augmentation import Augmentation, view
from movinet.datasets.loading import Batches
from movinet.errors import UsageError
from movinet.network import MoViNet, NetworkConfig

SETTINGS = {"batch": 2, "frames": 6, "size": 32, "augmentation": Augmentation()}


def same(one, other):
    one, other = list(one), list(other)
    return len(one) == len(other) and all(
        a.indices == b.indices
        and torch.equal(a.clips, b.clips)
        and torch.equal(a.targets, b.targets)
        for a, b in zip(one, other, strict=True)
    )


def test_an_epoch(cached):
    batches = Batches(cached, **SETTINGS)
    assert len(batches) == 3
    found = list(batches)
    assert [tuple(batch.clips.shape) for batch in found] == [
        (2, 3, 6, 32, 32),
        (2, 3, 6, 32, 32),
        (1, 3, 6, 32, 32),
    ]
    assert sorted(index for batch in found for index in batch.indices) == list(range(5))
    for batch in found:
        assert batch.targets.tolist() == [cached.targets[index] for index in batch.indices]
        assert batch.targets.dtype == torch.int64
    assert same(batches, found)


def test_epochs_and_seeds_differ(cached):
    orders = {
        Batches(cached, **SETTINGS, seed=seed, epoch=epoch).order
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) > 5
    # The same clip is another cut in another epoch.
    one, other = (
        next(iter(Batches(cached, **SETTINGS, shuffle=False, epoch=epoch))) for epoch in (0, 1)
    )
    assert one.indices == other.indices == (0, 1)
    assert not torch.equal(one.clips, other.clips)


@pytest.mark.parametrize("start", [0, 1, 2, 3])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_going_on(cached, start, workers):
    whole = list(Batches(cached, **SETTINGS, seed=4, epoch=7, workers=0))
    rest = Batches(cached, **SETTINGS, seed=4, epoch=7, start_batch=start, workers=workers)
    assert len(rest) == 3 - start
    torch.rand(3)  # of no matter
    assert same(rest, whole[start:])


def test_leaving_early_ends_the_workers(cached):
    batches = iter(Batches(cached, **SETTINGS, workers=2))
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if "loading" in thread.name]


def test_the_callers_threads_stay(cached):
    torch.set_num_threads(2)
    list(Batches(cached, **SETTINGS, workers=2))
    assert torch.get_num_threads() == 2


def test_a_worker_that_fails(cached, tmp_path):
    broken = replace(cached, files=(*cached.files[:4], tmp_path / "gone"))
    with pytest.raises(Exception, match="the cache was changed"):
        list(Batches(broken, **SETTINGS, workers=1))


def test_without_augmentation_it_is_the_view(cached):
    for batch in Batches(cached, batch=2, frames=6, size=32, shuffle=False):
        for place, index in enumerate(batch.indices):
            # The clip of five pictures is repeated from its start.
            assert torch.equal(batch.clips[place], view(cached.clip(index), 32, 6))


def test_balanced(cached):
    counts = Counter()
    for epoch in range(4):
        batches = Batches(cached, **SETTINGS, balanced=True, epoch=epoch)
        assert len(batches.order) == 5
        classes = Counter(cached.targets[index] for index in batches.order)
        assert abs(classes[0] - classes[1]) <= 1
        counts.update(batches.order)
    assert set(counts) == set(range(5))
    # A clip that is there twice is cut in two ways.
    only = cached.select([0, 2, 3, 4])
    batches = Batches(only, **{**SETTINGS, "batch": 4}, balanced=True)
    assert Counter(batches.order)[0] == 2
    (batch,) = batches
    one, other = (place for place, index in enumerate(batch.indices) if index == 0)
    assert not torch.equal(batch.clips[one], batch.clips[other])


def test_labels_that_are_never_flipped(cached):
    always = Augmentation((1, 1), (1, 1), 1, frozenset({"up"}), (1, 1), 0, 0, 0, 0)
    (batch,) = Batches(cached, batch=5, frames=4, size=40, augmentation=always)
    for place, index in enumerate(batch.indices):
        clip = view(cached.clip(index), 40)
        turned = clip if cached.targets[index] else clip.flip(3)
        length = clip.shape[1]
        assert any(
            torch.equal(batch.clips[place], turned[:, start : start + 4])
            for start in range(length - 3)
        )


def test_the_network_takes_them(cached):
    network = MoViNet(NetworkConfig.of("a0", "lite", classes=2)).eval()
    batch = next(iter(Batches(cached, **SETTINGS)))
    with torch.inference_mode():
        assert network(batch.clips).shape == (2, 2)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"batch": 0}, "must be above 0"),
        ({"step": 0}, "must be above 0"),
        ({"seed": -1}, "must not be below 0"),
        ({"start_batch": 4}, "an epoch has 3 batches, not 4"),
    ],
)
def test_numbers_that_make_no_sense(cached, wrong, says):
    with pytest.raises(UsageError, match=says):
        Batches(cached, **{**SETTINGS, **wrong})


def test_no_clip(cached):
    with pytest.raises(UsageError, match="there is no clip"):
        Batches(cached.select([]), **SETTINGS)
