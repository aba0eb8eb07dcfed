"""Joints of drawn figures, and a backbone that learns where they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kit.networks import small
from movinet.datasets import Augmentation, cache_clips, read_dataset
from movinet.errors import UsageError
from movinet.synthetic import LABELS, locate_joints, render_clip, write_clips
from movinet.synthetic import clip as filming
from movinet.synthetic.skeleton import JOINTS, PELVIS, SHOULDER
from movinet.training.posture import PostureRecipe, PostureTrainer

ACTIONS = ("jumping jacks", "push up")
MIRROR = [*range(SHOULDER), *(joint + (1, -1)[joint % 2 == 0] for joint in range(SHOULDER, JOINTS))]


def test_joints_are_where_the_figure_is_drawn(monkeypatch):
    """In front of nothing, the picture at the pelvis is that of the figure."""

    def nothing(rng, camera, light, high, wide):
        return np.full((3, high, wide), 0.5, np.float32)

    monkeypatch.setattr(filming, "background", nothing)
    on_figure = []
    for seed in range(30):
        label = LABELS[seed % len(LABELS)]
        clip = render_clip(label, seed, size=128).astype(int)
        joints, scale = locate_joints(label, seed, size=128)
        assert joints.shape == (30, JOINTS, 2)
        assert scale.shape == (30,)
        assert (scale > 0).all()
        for picture, (x, y) in zip(clip, joints[:, PELVIS].round().astype(int), strict=True):
            if 0 <= x < 128 and 0 <= y < 128:
                empty = np.median(picture.reshape(-1, 3), axis=0)
                on_figure.append(np.abs(picture[y, x] - empty).max() > 12)
    assert np.mean(on_figure) > 0.9


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Some clips, decoded, and their joints as parts of the picture."""
    folder = tmp_path_factory.mktemp("drawn")
    planned = write_clips(folder, 12, 1, ACTIONS, size=64, seconds=1)
    clips = cache_clips(read_dataset(folder), fps=10, size=48, folder=folder / "cache")
    seeds = {str(folder / clip.path): clip.seed for clip in planned}
    joints = [
        locate_joints(clip.label, seeds[clip.path], size=64, seconds=1)[0].astype(np.float32) / 64
        for clip in clips.dataset.clips
    ]
    return clips, joints


def trainer(drawn, **options) -> PostureTrainer:
    clips, joints = drawn
    net = small("lite", size=(40, 40), classes=2, dropout=0.0, drop_path=0.0)
    recipe = PostureRecipe(**{"steps": 60, "batch": 8, "size": 40, "rate": 2e-3, **options})
    return PostureTrainer(net, clips, joints, recipe, MIRROR)


def test_it_learns_where_they_are(drawn, tmp_path):
    """A network that guesses the mean posture explains nothing."""
    plain = Augmentation(area=(1.0, 1.0), ratio=(1.0, 1.0), flip=0)
    learner = trainer(drawn, augmentation=plain)
    fits = []
    learner.run(tmp_path / "c.pt", 20, lambda told: fits.append(told.fit))
    assert len(fits) == 3
    assert fits[-1] > fits[0] + 0.05


def test_a_run_that_was_stopped_ends_as_one_left_alone(drawn, tmp_path):
    class Stopped(Exception):  # noqa: N818
        """Instead of kill -9."""

    def stop(told):
        raise Stopped

    whole = trainer(drawn, steps=6)
    whole.run(tmp_path / "whole.pt", 2, lambda told: None)
    for _ in range(2):
        with pytest.raises(Stopped):
            trainer(drawn, steps=6).run(tmp_path / "c.pt", 2, stop)
        torch.manual_seed(99)
    again = trainer(drawn, steps=6)
    again.run(tmp_path / "c.pt", 2, lambda told: None)
    assert again.fit == whole.fit
    for name, tensor in whole.net.state_dict().items():
        torch.testing.assert_close(again.net.state_dict()[name], tensor, rtol=0, atol=0)


def test_joints_of_other_clips(drawn):
    clips, joints = drawn
    net = small("lite", size=(40, 40), classes=2)
    with pytest.raises(UsageError, match="joints of 3 clips, and 12 clips"):
        PostureTrainer(net, clips, joints[:3], PostureRecipe(), MIRROR)
