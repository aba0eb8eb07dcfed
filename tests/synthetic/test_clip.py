"""Clips: the same seed, the same pixels; a figure is there and moves."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from movinet.errors import UsageError
from movinet.synthetic import BACKGROUND, LABELS, render_clip
from movinet.synthetic import clip as filming


def test_there_are_twenty_actions_and_one_of_none():
    assert len(LABELS) >= 21
    assert len(set(LABELS)) == len(LABELS)
    assert BACKGROUND in LABELS
    assert not [label for label in LABELS if "/" in label or label != label.strip()]


def test_the_same_seed_gives_the_same_pixels():
    for label in LABELS[::7]:
        first, second = (render_clip(label, 5, size=64) for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_seed_and_label_both_count():
    clip = render_clip("squat", 1, size=64)
    assert (clip != render_clip("squat", 2, size=64)).any()
    assert (clip != render_clip("lunge", 1, size=64)).any()


@pytest.mark.parametrize(("size", "fps", "seconds"), [(224, 10, 3), (96, 25, 1), (65, 5, 1.5)])
def test_the_shape_is_as_asked(size, fps, seconds):
    clip = render_clip("clapping", 0, size=size, fps=fps, seconds=seconds)
    assert clip.shape == (round(fps * seconds), size, size, 3)
    assert clip.dtype == np.uint8


@pytest.mark.parametrize("label", LABELS)
def test_something_moves_and_nothing_is_blank(label):
    for seed in range(2):
        clip = render_clip(label, seed, size=96).astype(np.int16)
        assert np.ptp(clip) > 40
        if label != BACKGROUND:  # who stands may stand still
            change = np.abs(clip[3:] - clip[:-3]).max(3)
            assert (change > 40).mean() > 0.0005, seed


@pytest.mark.parametrize("label", LABELS)
def test_the_figure_is_in_the_picture_and_not_tiny(label, monkeypatch):
    monkeypatch.setattr(filming, "background", lambda *_: None)
    t = np.arange(30) / 10
    for seed in range(12):
        rng = np.random.default_rng([seed, zlib.crc32(label.encode())])
        shot = filming._Filming(rng, label, 224, t, 3.0)
        flat, scale = shot.screen(shot.cast[0].figure.joints)
        inside = ((flat > 0) & (flat < 224)).all(-1).mean(1)
        assert inside.min() > 0.4, seed
        assert (scale[:, 0] * shot.cast[0].body.height).mean() > 60, seed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"label": "flying"}, "unknown action 'flying': use some of bowing, "),
        ({"size": 16}, "cannot draw 16 pixels: use 32 to 1024"),
        ({"fps": 0}, "cannot draw 0 frames per second: use 1 to 120"),
        ({"seconds": 0}, "cannot draw 0 seconds: use 0.5 to 60"),
        ({"seconds": float("nan")}, "cannot draw nan seconds"),
        ({"seed": -1}, "the seed -1 is negative"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        render_clip(**{"label": "squat", "seed": 0, **wrong})
