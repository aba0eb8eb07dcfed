"""`movinet benchmark` from outside: a child process, its two streams and its status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kit.tiny_model import TinyModel, image_classifier
from movinet.evaluation.footage import write_synthetic

LABELS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with models of three classes, their labels, and labelled videos."""
    folder = tmp_path_factory.mktemp("benchmark")
    TinyModel(classes=3).write(folder / "one.tflite")
    TinyModel(classes=3, embedding=True).write(folder / "two.tflite")
    (folder / "image.tflite").write_bytes(image_classifier())
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    write_synthetic(folder / "video.mp4")
    for label in LABELS:
        (folder / "data" / label.upper()).mkdir(parents=True)
        shutil.copy(folder / "video.mp4", folder / "data" / label.upper())
    return folder


def command(*arguments) -> list[str]:
    return [sys.executable, "-m", "movinet", "benchmark", "--steps", "1", *map(str, arguments)]


def run(place: Path, *arguments):
    return subprocess.run(
        command(*arguments), cwd=place, capture_output=True, text=True, check=False, timeout=100
    )


def one_error(done, status: int) -> str:
    assert done.returncode == status, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("movinet: error: ")
    return line


def test_json_and_picture(place, tmp_path):
    picture = tmp_path / "picture.svg"
    models = ("--model", "one.tflite", "--model", "two.tflite")
    done = run(place, *models, "--threads", 1, "--threads", 2, "--json", "--plot", picture)
    assert (done.returncode, done.stderr) == (0, "")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["file"], r["threads"]) for r in records] == [
        (f"{name}.tflite", threads) for name in ("one", "two") for threads in (1, 2)
    ]
    assert records[0]["ratio"] == 1
    for r in records:
        assert r["file_bytes"] == (place / r["file"]).stat().st_size
        assert 0 < r["p50_ms"] <= r["p90_ms"]
        assert r["image_ms"] + r["invoke_ms"] + r["state_ms"] < 5 * r["p90_ms"]
        assert r["ratio"] == pytest.approx(r["p50_ms"] / records[0]["p50_ms"], rel=0.9)
        assert r["top1"] is None
    assert list(tmp_path.iterdir()) == [picture]
    drawn = "".join(ElementTree.parse(picture).getroot().itertext())
    assert "one, 1 thread" in drawn
    assert "two, 2 threads" in drawn


def test_table_with_a_labelled_folder(place):
    done = run(place, "--model", "one.tflite", "--labels", "labels.txt", "--data", "data")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert all(len(line) <= 100 for line in lines)
    row = next(line.split() for line in lines if line.startswith("1  one"))
    assert row[2:4] == ["litert", "1"]
    assert (row[7], row[-1]) == ("1.00", "33.3")


def test_unreadable_videos_and_unknown_labels_are_told(place, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(f"path,label\n{place}/video.mp4,red\n{place}/video.mp4,Jazz\ngone.mp4,red\n")
    done = run(place, "--model", "one.tflite", "--labels", "labels.txt", "--data", listed, "--json")
    warning, error = done.stderr.splitlines()
    assert warning == "movinet: warning: one has no label 'Jazz': 1 video counts as wrong"
    assert error == f"movinet: error: cannot read {tmp_path}/gone.mp4: no such file"
    assert done.returncode == 1
    assert json.loads(done.stdout)["videos"] == 2


def test_a_bad_model_is_one_failed_input_among_others(place):
    done = run(place, "--model", "image.tflite", "--model", "one.tflite", "--json")
    assert "an image classifier" in one_error(done, 1)
    bad, good = map(json.loads, done.stdout.splitlines())
    assert "an image classifier" in bad["error"]
    assert good["ratio"] == 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--model", "gone.tflite"], 1, "cannot read gone.tflite"),
        (["--model", "image.tflite"], 1, "an image classifier"),
        (["--model", "a0-lite-k600-int9"], 2, "did you mean a0-lite-k600-int8?"),
        (["--model", "one.tflite", "--backend", "magic"], 2, "'magic' is not"),
        (["--model", "one.tflite", "--threads", "0"], 2, "0 is not in the range"),
        (["--model", "one.tflite", "--steps", "0"], 2, "0 is not in the range"),
        (["--model", "one.tflite", "--plot", "."], 2, "it is a folder"),
        (["--model", "one.tflite", "--plot", "a.png"], 2, "give a name ending in .svg"),
        (["--model", "one.tflite", "--plot", "gone/a.svg"], 1, "there is no folder gone"),
        (["--model", "one.tflite", "--labels", "gone.txt"], 1, "cannot read labels from gone.txt"),
        (["--model", "one.tflite", "--data", "data"], 2, "one.tflite carries no labels"),
        (["--model", "one.tflite", "--data", "gone"], 1, "cannot read gone: no such file"),
        (["--model", "one.tflite", "--data", "labels.txt"], 1, "line 1 is not path,label"),
        (["--model", "one.tflite", "--nonsense"], 2, "No such option"),
    ],
)
def test_bad_input_is_one_line(place, arguments, status, says):
    done = run(place, *arguments)
    assert says in one_error(done, status)
    assert done.stdout == ""


def test_data_of_quite_other_labels(place, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(f"{place}/video.mp4,Jazz\n")
    done = run(place, "--model", "one.tflite", "--labels", "labels.txt", "--data", listed)
    assert "none of the labels of the data is one of one (Jazz)" in one_error(done, 1)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise on Windows")
def test_ctrl_c_leaves_nothing_behind(place, tmp_path):
    """Sent to the whole group, as a terminal does, in the midst of the steps."""
    arguments = ["--model", "one.tflite", "--steps", "10000000", "--plot", tmp_path / "a.svg"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        command(*arguments),
        cwd=place,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=3)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, stdout, stderr.strip()) == (130, "", "")
    assert list(tmp_path.rglob("*")) == [scratch]
