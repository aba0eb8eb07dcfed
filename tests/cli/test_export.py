"""`movinet export`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from frames.videos import write_video
from kit.networks import small
from movinet.cli.program import movinet, run
from movinet.models import read_info
from movinet.network import save


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small network of 7 classes."""
    path = tmp_path_factory.mktemp("weights") / "squats.safetensors"
    save(small("lite"), path)
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A folder of nine videos, one of which cannot be read."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(8):
        write_video(folder / f"clip{number}.mp4", range(7 * number, 7 * number + 6), rate=2)
    (folder / "broken.mp4").write_bytes(b"no video at all")
    return folder


def call(*arguments: object) -> str:
    result = CliRunner().invoke(movinet, ["export", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def fail(capsys, *arguments: object) -> tuple[int, str]:
    status = run(["export", *map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("movinet: error: ")
    assert captured.err.count("\n") == 1
    return status, captured.err


def test_the_source_is_not_written_over(tmp_path, capsys):
    source = tmp_path / "a.tflite"
    source.write_bytes(b"some model")
    status, said = fail(capsys, source, "--out", source)
    assert status == 2
    assert f"cannot write {source}: it is the source itself; name another file" in said
    assert source.read_bytes() == b"some model"


def test_it_writes_a_file_that_runs_with_nothing_else_said(weights, clips, tmp_path, capsys):
    out = tmp_path / "squats.tflite"
    assert "t0, form lite" in call(weights, "--out", out)
    info = read_info(out)
    assert info.labels[3] == "action 3"
    status = run(["classify", str(clips / "clip0.mp4"), "--model", str(out), "--json"])
    assert status == 0
    assert "action " in capsys.readouterr().out


@pytest.mark.parametrize(("to", "suffix"), [("litert", ".tflite"), ("onnx", ".onnx")])
def test_the_file_is_called_after_source_and_precision(to, suffix, weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call(weights, "--to", to, "--precision", "float16")
    assert [path.name for path in tmp_path.iterdir()] == [f"squats-float16{suffix}"]


def test_int8_skips_what_cannot_be_read_and_reports(weights, clips, tmp_path, capsys):
    out = tmp_path / "squats.tflite"
    options = ["--precision", "int8", "--calibrate", str(clips), "--report", "--verify"]
    status = run(["export", str(weights), *options, "--out", str(out)])
    captured = capsys.readouterr()
    assert status == 0, captured
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("movinet: skipped: cannot read ")
    assert "broken.mp4" in captured.err
    assert "block2_layer0" in captured.out
    assert "int8 on litert" in captured.out
    assert read_info(out).precision == "int8"


def test_json(weights, clips, tmp_path):
    out = tmp_path / "x.tflite"
    options = ["--precision", "int8", "--calibrate", clips, "--verify", "--json", "--out", out]
    said = json.loads(call(weights, *options))
    assert said["bytes"] == out.stat().st_size
    assert said["precision"] == "int8"
    assert {row["layer"] for row in said["layers"]} >= {"block0_layer0", "head"}
    assert all(row["error"] >= 0 for row in said["layers"])
    names = [row["name"] for row in said["verified"]]
    assert names == ["network, clip at once", "int8 on litert"]
    assert all(row["same"] for row in said["verified"])
    [skipped] = said["skipped"]
    assert "broken.mp4" in skipped


def test_the_ending_says_which_kind(weights, tmp_path):
    call(weights, "--out", tmp_path / "x.onnx")
    assert read_info(tmp_path / "x.onnx").variant == "t0"


def test_verify_compares_every_engine_that_is_there(weights, tmp_path):
    pytest.importorskip("openvino")
    said = json.loads(
        call(weights, "--to", "onnx", "--verify", "--json", "--out", tmp_path / "x.onnx")
    )
    names = [row["name"] for row in said["verified"]]
    assert names == ["network, clip at once", "float32 on onnxruntime", "float32 on openvino"]
    assert max(row["logits_max"] for row in said["verified"]) < 1e-4


def test_verify_fails_when_it_is_another_network(weights, tmp_path, monkeypatch, capsys):
    """A file that is not the network must not pass."""
    other = small("lite", seed=1)
    monkeypatch.setattr("movinet.export.exporting.lower_step", _lowering(other))
    status = run(["export", str(weights), "--verify", "--out", str(tmp_path / "x.tflite")])
    captured = capsys.readouterr()
    assert status == 1
    assert "NO" in captured.out
    assert captured.err.startswith("movinet: error: ")
    assert "is not the same network: float32 on litert differs by" in captured.err


def _lowering(net):
    from movinet.export.lowering import lower_step

    return lambda _, **options: lower_step(net, **options)


def test_a_clip_model(tmp_path):
    weights, out = tmp_path / "base.safetensors", tmp_path / "base.tflite"
    save(small("base"), weights)
    assert "clips of 5 frames" in call(weights, "--frames", 5, "--verify", "--out", out)
    assert read_info(out).image.shape == (5, 45, 38, 3)


def test_labels_can_be_given(tmp_path):
    net = small("lite", classes=2)
    import dataclasses

    net.info = dataclasses.replace(net.info, labels=None)
    save(net, tmp_path / "x.safetensors")
    (tmp_path / "labels.txt").write_text("서기\nsitting\n", "utf-8")
    out = tmp_path / "x.tflite"
    call(tmp_path / "x.safetensors", "--labels", tmp_path / "labels.txt", "--out", out)
    assert read_info(out).labels == ("서기", "sitting")


class TestBadInput:
    def test_words_that_there_are_not(self, weights, capsys):
        assert fail(capsys, weights, "--to", "coreml")[0] == 2
        status, said = fail(capsys, weights, "--precision", "int4")
        assert status == 2
        assert "'int4' is not one of 'float32', 'float16', 'dynamic', 'int8'" in said

    def test_int8_without_videos(self, weights, capsys):
        status, said = fail(capsys, weights, "--precision", "int8")
        assert status == 2
        assert "int8 needs --calibrate" in said

    def test_a_video_that_is_not_there(self, weights, clips, capsys):
        status, said = fail(
            capsys, weights, "--precision", "int8", "--calibrate", clips, "--calibrate", "nothere"
        )
        assert status == 2
        assert "cannot calibrate on nothere: there is no such file or folder" in said

    def test_options_of_another_form(self, weights, clips, capsys, tmp_path):
        status, said = fail(capsys, weights, "--frames", 8)
        assert status == 2
        assert "lite form takes frame by frame" in said
        status, said = fail(capsys, weights, "--report")
        assert status == 2
        assert "--report tells what 8 bits cost" in said
        base = tmp_path / "base.safetensors"
        save(small("base"), base)
        few = clips / "clip0.mp4"
        status, said = fail(capsys, base, "--precision", "int8", "--calibrate", few)
        assert status == 2
        assert "base form cannot be int8" in said

    def test_too_few_videos(self, weights, clips, capsys, tmp_path):
        for number in range(7):
            (tmp_path / f"{number}.mp4").write_bytes((clips / "clip0.mp4").read_bytes())
        (tmp_path / "broken.mp4").write_bytes(b"no")
        status, said = fail(
            capsys, weights, "--precision", "int8", "--calibrate", tmp_path, "--out",
            tmp_path / "x.tflite",
        )  # fmt: skip
        assert status == 2
        assert "needs 8 videos or more that can be read, and there are 7" in said
        assert "broken.mp4" in said
        assert not (tmp_path / "x.tflite").exists()

    def test_onnx_has_no_int8(self, weights, clips, capsys):
        status, said = fail(
            capsys, weights, "--to", "onnx", "--precision", "int8", "--calibrate", clips
        )
        assert status == 2
        assert "an onnx file cannot be int8: it can be float32 or float16" in said

    def test_a_folder_that_is_not_there(self, weights, capsys, tmp_path):
        status, said = fail(capsys, weights, "--out", tmp_path / "nowhere" / "x.tflite")
        assert status == 1
        assert "there is no folder" in said

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
    def test_a_folder_that_cannot_be_written(self, weights, capsys):
        status, said = fail(capsys, weights, "--out", "/proc/x.tflite")
        assert status == 1
        assert "cannot write /proc/x.tflite: " in said

    def test_another_ending(self, weights, capsys, tmp_path):
        status, said = fail(capsys, weights, "--out", tmp_path / "x.bin")
        assert status == 2
        assert "ends in .tflite" in said

    def test_a_source_that_is_not_there(self, capsys, tmp_path):
        status, said = fail(capsys, tmp_path / "none.safetensors", "--out", tmp_path / "x.tflite")
        assert status == 1
        assert "none.safetensors" in said

    def test_labels_of_the_wrong_number(self, weights, capsys, tmp_path):
        (tmp_path / "labels.txt").write_text("one\ntwo\n", "utf-8")
        status, said = fail(
            capsys, weights, "--labels", tmp_path / "labels.txt", "--out", tmp_path / "x.tflite"
        )
        assert status == 1
        assert "2 labels" in said

    def test_weights_that_are_not_finite(self, capsys, tmp_path):
        net = small("lite")
        net.head.dense.weight.data[0, 0] = float("inf")
        save(net, tmp_path / "x.safetensors")
        status, said = fail(capsys, tmp_path / "x.safetensors", "--out", tmp_path / "x.tflite")
        assert status == 1
        assert "head.dense.weight has values that are not finite" in said
        assert not (tmp_path / "x.tflite").exists()

    def test_ctrl_c_leaves_nothing_behind(self, weights, clips, tmp_path):
        folder = tmp_path / "out"
        folder.mkdir()
        command = [sys.executable, "-m", "movinet", "export", str(weights), "--precision", "int8"]
        child = subprocess.Popen(
            [*command, "--calibrate", str(clips), "--out", str(folder / "x.tflite")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(3)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        assert child.returncode in (0, 130)
        assert b"Traceback" not in said
        if child.returncode == 130:
            assert not list(folder.iterdir())


def test_without_torch_it_says_what_to_install(weights, tmp_path):
    from kit.child import python

    code = """
import sys
for name in ("torch", "onnx"):
    sys.modules[name] = None
from movinet.cli.program import run
status = run(["export", sys.argv[1], "--out", sys.argv[2]])
print(status)
"""
    done = python(code, weights, tmp_path / "x.tflite", check=False)
    assert done.stdout.split() == [b"1"]
    assert done.stderr.startswith(b"movinet: error: exporting needs an extra: pip install")
    assert b"movinet[export]" in done.stderr
