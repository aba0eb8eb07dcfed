"""The whole benchmark on tiny models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.tiny_model import TinyModel, image_classifier
from movinet.evaluation import LabelledVideo, NotRun, Result, benchmark, configurations, enter
from movinet.evaluation.footage import write_synthetic

LABELS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    for name, tiny in (("a", TinyModel(classes=3)), ("b", TinyModel(classes=3, embedding=True))):
        tiny.write(folder / f"{name}.tflite")
    (folder / "bad.tflite").write_bytes(image_classifier())
    write_synthetic(folder / "video.mp4")
    return folder


def test_results_come_in_order_and_what_cannot_run_is_among_them(place):
    entrants = [enter(place / f"{name}.tflite") for name in ("bad", "a", "b", "a")]
    # "magic" stands for a backend that is not installed.
    chosen = configurations(entrants, ["litert", "magic"], [1])
    rows = benchmark(chosen, steps=1)
    assert [row.configuration for row in rows] == chosen
    assert [type(row) for row in rows] == [NotRun, NotRun, *[Result, NotRun] * 3]
    assert "an image classifier" in rows[0].reason
    assert "unknown backend 'magic'" in rows[3].reason
    first, other, again = rows[2::2]
    assert first.timing.ratio == 1
    assert 0.2 < again.timing.ratio < 5
    assert first.file_bytes == (place / "a.tflite").stat().st_size != other.file_bytes
    assert first.timing.p50 <= first.timing.p90
    assert first.streams_per_core == pytest.approx(1 / (first.timing.p50 * 5))
    assert (first.pinned, first.accuracy) == (hasattr(os, "sched_setaffinity"), None)


def test_two_threads_are_two_cores(place):
    one, two = benchmark(configurations([enter(place / "a.tflite")], ["litert"], [1, 2]), steps=1)
    assert two.configuration.threads == 2
    assert two.streams_per_core == pytest.approx(1 / (two.timing.p50 * 5 * 2))
    assert one.streams_per_core == pytest.approx(1 / (one.timing.p50 * 5))


def test_nothing_runs(place):
    (row,) = benchmark(configurations([enter(place / "gone.tflite")], ["litert"], [1]))
    assert isinstance(row, NotRun)
    assert "gone.tflite" in row.reason


def test_labelled_videos_give_top1_and_failures_are_told_once(place):
    entrants = [
        enter(place / f"{name}.tflite", labels=("labels.txt", LABELS)) for name in ("a", "b")
    ]
    video, gone = str(place / "video.mp4"), str(place / "gone.mp4")
    data = [LabelledVideo(gone, "red"), *(LabelledVideo(video, label) for label in LABELS)]
    failures, said = [], []
    rows = benchmark(
        configurations(entrants, ["litert"], [1, 2]),
        steps=1,
        data=data,
        failed=lambda video, reason: failures.append(reason),
        progress=lambda what, done: said.append((what, done)),
    )
    # One of the three labels is right, whichever it is.
    assert [(row.accuracy.right, row.accuracy.videos) for row in rows] == [(1, 3)] * 4
    assert failures == [f"cannot read {gone}: no such file"]
    assert {row.footage for row in rows} == {"video.mp4"}
    assert ("steps", 1) in said
    assert all(0 <= done <= 1 for _, done in said)


def test_labels_that_do_not_fit_are_a_problem_of_that_model(place):
    entrant = enter(place / "a.tflite", labels=("two.txt", ("red", "green")))
    assert entrant.info is None
    assert "two.txt has 2 labels but a has 3 classes" in (entrant.problem or "")
    assert (entrant.name, entrant.path) == ("a", Path(place / "a.tflite"))
