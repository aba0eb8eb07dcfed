"""The model that comes with the package: what `movinet.load()` gives, and what it says."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import movinet
from kit.film import film
from movinet.cli.program import run
from movinet.models.starter import KINETICS, NAME, NOTICE, starter_path
from movinet.synthetic import BACKGROUND, LABELS, render_clip, write_clips

# Actions of which it is right on more than nine clips in ten.
SURE = ("push up", "situp", "pull ups", "cartwheeling", "jumping jacks", "skipping rope")

# The eleventh of the films of `benchmarks events`, one of the twelve of twenty without a fault.
TEN = [
    "throwing ball (not baseball or American football)",
    "marching",
    "punching person (boxing)",
    "cartwheeling",
    "stretching arm",
    "jumping jacks",
    "jogging",
    "front raises",
    "high kick",
    "pumping fist",
]


def test_the_file_is_small_and_says_what_it_is():
    info = movinet.read_info(starter_path())
    assert starter_path().stat().st_size <= 4_000_000
    assert info.labels == tuple(sorted(LABELS))
    assert info.precision == "int8"
    assert (info.variant, info.form) == ("a0", "lite")
    assert info.horizon == 30
    assert info.fps == 10
    assert info.background == BACKGROUND


def test_it_is_what_is_loaded_when_nothing_is_named(caplog):
    with caplog.at_level(logging.WARNING, "movinet"):
        classifier = movinet.load()
    assert [record.message for record in caplog.records] == [NOTICE]
    assert "drawn figures" in NOTICE
    assert f"'{KINETICS}'" in NOTICE
    assert classifier.info.labels == tuple(sorted(LABELS))
    caplog.clear()
    assert movinet.load(NAME).info.labels == classifier.info.labels
    assert not caplog.records


def test_it_knows_drawn_figures():
    """The figure over 2,001 clips is in docs/starter.md; here are eighteen of them."""
    classifier = movinet.load(NAME)
    right = 0
    for label in SURE:
        for seed in range(77, 80):
            stream = classifier.stream()
            for number, frame in enumerate(render_clip(label, seed)):
                answer = stream.push(frame, number / 10)
            right += answer.top(1)[0].label == label
    assert right >= 15


def test_order_of_frames_matters():
    """What it says of shuffled frames is something else."""
    classifier = movinet.load(NAME)
    answers = []
    clip = render_clip("jumping jacks", 77)
    for frames in (clip, np.random.default_rng(0).permutation(clip)):
        stream = classifier.stream()
        for number, frame in enumerate(frames):
            answer = stream.push(frame, number / 10)
        answers.append(answer.scores)
    assert np.abs(answers[0] - answers[1]).max() > 0.02


def test_ten_actions_in_a_row_are_ten_events(tmp_path):
    """Each is found and none invented; `benchmarks events` says how often, of twenty films."""
    parts = film(tmp_path / "film.mp4", TEN, seed=6000)
    classifier = movinet.load(NAME, events=movinet.EventOptions())
    events = sorted(classifier.classify(tmp_path / "film.mp4").events, key=lambda e: e.start)
    assert [event.label for event in events] == TEN
    off = [
        abs(float(mine) - true)
        for event, part in zip(events, parts, strict=True)
        for mine, true in ((event.start, part.start), (event.end, part.end))
    ]
    assert max(off) <= 1.5
    assert np.median(off) <= 1.0


@pytest.fixture
def video(tmp_path):
    write_clips(tmp_path, 1, 7, ["jumping jacks"])
    return tmp_path / "jumping jacks" / "000000.mp4"


def test_classify_says_in_one_line_what_it_knows(video, capsys):
    assert run(["classify", str(video)]) == 0
    said = capsys.readouterr()
    assert "jumping jacks" in said.out
    assert said.err == f"movinet: note: {NOTICE}\n"
    assert run(["classify", str(video), "--model", NAME]) == 0
    assert capsys.readouterr().err == ""


def test_other_commands_know_it_too(video, capsys):
    assert run(["models", "show", NAME]) == 0
    assert "10 frames a second" in capsys.readouterr().out
    assert run(["evaluate", str(video.parent.parent), "--json"]) == 0
    said = capsys.readouterr()
    assert '"top1"' in said.out
    assert NOTICE in said.err
    assert run(["benchmark", "--steps", "2", "--json"]) == 0
    assert NOTICE in capsys.readouterr().err
