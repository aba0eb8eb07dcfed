"""`movinet train`: what it says, what it refuses, and that kill -9 costs nothing."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import save_file

import movinet
from frames.videos import write_video
from kit.networks import small
from movinet.cli.program import run
from movinet.datasets import read_dataset, split
from movinet.evaluation import evaluate
from movinet.models import read_info
from movinet.network import load, save


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two classes of five clips; one more clip cannot be read."""
    folder = tmp_path_factory.mktemp("data")
    for label, first in (("rising", 0), ("falling", 400)):
        (folder / label).mkdir()
        for number in range(5):
            numbers = range(first + 10 * number, first + 10 * number + 6)
            write_video(folder / label / f"{number}.mp4", numbers, rate=2)
    (folder / "rising" / "broken.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save(small("lite", size=(40, 40)), path)
    return path


def command(data, weights, out, *more):
    options = ["--from", weights, "--out", out, "--cache", out.parent / "cache"]
    options += ["--frames", 4, "--precision", "dynamic", "--validation", 0.2]
    return ["train", *map(str, [data, *options, *more])]


def fail(capsys, *arguments) -> tuple[int, str]:
    status = run([*map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("movinet: error: ")
    assert captured.err.count("\n") == 1
    return status, captured.err


def test_from_clips_to_a_model_that_runs(data, weights, tmp_path, capsys):
    status = run(command(data, weights, tmp_path / "run", "--epochs", 1))
    captured = capsys.readouterr()
    assert status == 0
    assert "2: falling, rising" in captured.out
    assert "epoch 1 of 1: loss " in captured.err
    assert "broken.mp4" in captured.err
    model, report = tmp_path / "run" / "model.tflite", tmp_path / "run" / "report.html"
    assert str(report) in captured.out
    text = report.read_text("utf-8")
    assert text.count("<svg") >= 3
    assert "broken.mp4" in text
    assert "top-1" in text
    assert read_info(model).labels == ("falling", "rising")
    assert run(["classify", str(data / "rising" / "0.mp4"), "--model", str(model)]) == 0


def test_json(data, weights, tmp_path, capsys):
    assert run(command(data, weights, tmp_path / "run", "--recipe", "linear", "--json")) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["labels"] == ["falling", "rising"]
    assert said["epochs"] == []
    assert said["frames"] == 4
    assert 0 <= said["accuracy"] <= 1
    assert said["report"] == str(tmp_path / "run" / "report.html")
    judged = evaluate(
        movinet.load(said["model"]),
        split(read_dataset(data), validation=0.2)["validation"].clips,
    )
    assert said["model_accuracy"] == judged.top1
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "model.tflite",
        "report.html",
        "settings.json",
        "weights.safetensors",
    }


def test_many_findings_are_summed_up(data, weights, tmp_path, capsys):
    """On the command line; the page and the JSON object have all of them."""
    shutil.copytree(data, tmp_path / "data")
    for number in range(7):
        (tmp_path / "data" / "falling" / f"broken{number}.mp4").write_bytes(b"no %d" % number)
    arguments = command(tmp_path / "data", weights, tmp_path / "run", "--recipe", "linear")
    assert run([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    report = tmp_path / "run" / "report.html"
    notes = [line for line in captured.err.splitlines() if "cannot read" in line]
    assert len(notes) == 5
    assert f"movinet: note: and 3 more: see {report}" in captured.err
    findings = json.loads(captured.out)["findings"]
    assert sum("cannot read" in line for line in findings) == 8
    assert report.read_text("utf-8").count("<li>cannot read") == 8


def test_short_clips_are_told_where_a_length_was_asked_for(data, weights, tmp_path, capsys):
    arguments = command(data, weights, tmp_path / "run", "--recipe", "linear", "--json")
    arguments[arguments.index("--frames") + 1] = "50"
    assert run(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert sum("the window 50" in line for line in said["findings"]) == 10


def test_without_validation_the_page_has_curves_alone(data, weights, tmp_path, capsys):
    arguments = command(data, weights, tmp_path / "run", "--epochs", 1, "--validation", 0)
    assert run(arguments) == 0
    assert "not judged" in capsys.readouterr().out
    text = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert text.count("<svg") == 1
    assert "Not judged" in text


def test_killed_again_and_again_it_ends_as_if_left_alone(data, weights, tmp_path):
    options = ["--epochs", 4, "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(out):
        return subprocess.Popen(
            [sys.executable, "-m", "movinet", *command(data, weights, out, *options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )

    alone = start(tmp_path / "alone")
    said, _ = alone.communicate(timeout=100)
    assert alone.returncode == 0
    chance = random.Random(5)
    for _ in range(3):
        child = start(tmp_path / "killed")
        began = time.monotonic()
        checkpoint = tmp_path / "killed" / "checkpoint.pt"
        # At a random moment, but not before there is something to lose.
        while time.monotonic() - began < 30 and child.poll() is None and not checkpoint.exists():
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.4))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if child.returncode == 0:
            break
    last = start(tmp_path / "killed")
    again, errors = last.communicate(timeout=100)
    if last.returncode == 2:
        # It had been done before the signal came.
        assert b"holds a finished run" in errors
    else:
        one, two = json.loads(said), json.loads(again)
        assert one["epochs"] == two["epochs"]
        assert one["accuracy"] == two["accuracy"]
    for name in ("model.tflite", "metrics.jsonl"):
        left, right = (tmp_path / which / name for which in ("alone", "killed"))
        assert left.read_bytes() == right.read_bytes()
    # The header of a weights file has no fixed order; its numbers are compared.
    one, two = (
        load(tmp_path / which / "weights.safetensors").state_dict() for which in ("alone", "killed")
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_last_third_with_roundings(data, weights, tmp_path, capsys):
    options = ("--epochs", 1, "--precision", "int8", "--quantise")
    assert run(command(data, weights, tmp_path / "run", *options)) == 0
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert settings["recipe"]["quantised"] == pytest.approx(1 / 3)
    assert read_info(tmp_path / "run" / "model.tflite").precision == "int8"


class TestBadInput:
    def test_a_page_that_cannot_be_written(self, data, weights, tmp_path, capsys):
        """The model is there all the same."""
        report = tmp_path / "run" / "report.html"
        report.mkdir(parents=True)
        assert run(command(data, weights, tmp_path / "run", "--recipe", "linear")) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert last == f"movinet: error: cannot write {report}: it is a folder; name a file in it"
        assert (tmp_path / "run" / "model.tflite").exists()

    def test_roundings_of_a_file_that_has_none(self, data, weights, tmp_path, capsys):
        status, said = fail(capsys, *command(data, weights, tmp_path / "r", "--quantise"))
        assert status == 2
        assert "--quantise is for an int8 file, not for one of dynamic" in said

    def test_roundings_of_a_recipe_without_epochs(self, data, weights, tmp_path, capsys):
        more = ("--recipe", "linear", "--precision", "int8", "--quantise")
        status, said = fail(capsys, *command(data, weights, tmp_path / "r", *more))
        assert status == 2
        assert "linear has no epochs" in said

    def test_no_data(self, weights, tmp_path, capsys):
        status, said = fail(capsys, *command(tmp_path / "none", weights, tmp_path / "run"))
        assert status == 1
        assert "no such file" in said

    def test_an_empty_folder(self, weights, tmp_path, capsys):
        (tmp_path / "empty").mkdir()
        status, said = fail(capsys, *command(tmp_path / "empty", weights, tmp_path / "run"))
        assert status == 1
        assert "no folder of videos in it" in said

    def test_a_recipe_that_needs_a_trained_network(self, data, tmp_path, capsys):
        status, said = fail(
            capsys,
            "train",
            data,
            "--from",
            "scratch",
            "--recipe",
            "linear",
            "--out",
            tmp_path / "r",
        )
        assert status == 2
        assert "builds on a trained network" in said

    def test_epochs_of_a_recipe_without(self, data, weights, tmp_path, capsys):
        more = ("--recipe", "linear", "--epochs", 3)
        status, said = fail(capsys, *command(data, weights, tmp_path / "r", *more))
        assert status == 2
        assert "linear has no epochs" in said

    def test_a_rate_that_makes_no_sense(self, data, weights, tmp_path, capsys):
        status, said = fail(capsys, *command(data, weights, tmp_path / "r", "--rate", -1))
        assert status == 2
        assert "--rate must be above 0" in said

    def test_a_source_that_is_not_there(self, data, tmp_path, capsys):
        status, said = fail(capsys, "train", data, "--from", tmp_path / "x.pt", "--out", tmp_path)
        assert status == 1
        assert "x.pt" in said

    def test_one_clip(self, data, weights, tmp_path, capsys):
        for label in ("rising", "falling"):
            (tmp_path / "one" / label).mkdir(parents=True)
        shutil.copy(data / "rising" / "0.mp4", tmp_path / "one" / "rising")
        status, said = fail(capsys, *command(tmp_path / "one", weights, tmp_path / "r"))
        assert status == 1
        assert "rising" in said

    def test_a_class_without_a_readable_clip(self, data, weights, tmp_path, capsys):
        folder = tmp_path / "data"
        shutil.copytree(data, folder)
        for path in (folder / "falling").iterdir():
            path.write_bytes(b"no video either")
        status, said = fail(capsys, *command(folder, weights, tmp_path / "r"))
        assert status == 1
        assert "falling" in said
        assert not (tmp_path / "r" / "model.tflite").exists()

    @pytest.mark.parametrize("label", ["up/and up", "up\nand up"])
    def test_labels_with_slashes_and_newlines(self, label, data, weights, tmp_path, capsys):
        rows = [
            {"path": str(path), "label": label if path.parent.name == "rising" else "falling"}
            for path in sorted(data.glob("*/[0-9].mp4"))
        ]
        listed = tmp_path / "list.jsonl"
        listed.write_text("".join(json.dumps(row) + "\n" for row in rows))
        status, said = fail(capsys, *command(listed, weights, tmp_path / "r", "--recipe", "linear"))
        assert status == 1
        assert "list.jsonl: line 6: the label" in said
        assert "no slash and are one line" in said

    def test_no_space_for_the_cache(self, data, weights, tmp_path, capsys, monkeypatch):
        def full(*arguments, **options):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("movinet.datasets.cache.decode_into", full)
        status, said = fail(capsys, *command(data, weights, tmp_path / "r"))
        assert status == 1
        assert "cache" in said
        assert "No space left on device" in said

    def test_a_run_that_goes_on_with_other_settings(self, data, weights, tmp_path, capsys):
        settings = tmp_path / "r" / "settings.json"
        settings.parent.mkdir()
        assert run(command(data, weights, tmp_path / "whole", "--recipe", "linear")) == 0
        capsys.readouterr()
        shutil.copy(tmp_path / "whole" / "settings.json", settings)
        changed = command(data, weights, tmp_path / "r", "--recipe", "linear", "--seed", 3)
        status, said = fail(capsys, *changed)
        assert status == 2
        assert "unfinished run with another seed: 0, now 3" in said

    def test_a_source_that_does_not_fit(self, data, tmp_path, capsys):
        save_file({"some.weight": torch.ones(3, 3)}, tmp_path / "other.safetensors")
        options = ["--from", tmp_path / "other.safetensors", "--out", tmp_path / "r"]
        status, said = fail(capsys, "train", data, *options)
        assert status == 1
        assert "other.safetensors" in said
