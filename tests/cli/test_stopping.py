"""SIGTERM and Ctrl-C while `movinet classify` is at something that does not end by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from kit.clips import write_colour
from kit.tiny_model import TinyModel
from movinet.cli.stopping import stopped_in_order

both = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)


def start(place, *arguments: str, **options) -> subprocess.Popen:
    (place / "model.tflite").write_bytes(TinyModel(classes=3).data)
    command = [sys.executable, "-m", "movinet", "classify", *arguments, "--model", "model.tflite"]
    return subprocess.Popen(command, cwd=place, stderr=subprocess.PIPE, text=True, **options)


def wait_for(path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.001)


@both
def test_a_video_that_is_half_annotated_is_removed(tmp_path, number, status):
    pytest.importorskip("PIL")
    write_colour(tmp_path / "film.mp4", (230, 40, 40), frames=5000)
    child = start(tmp_path, "film.mp4", "--annotate", "a.mp4", stdout=subprocess.DEVNULL)
    wait_for(tmp_path / ".a.mp4.part")
    child.send_signal(number)
    _, told = child.communicate(timeout=20)
    assert child.returncode == status
    assert [line for line in told.split("\n") if line and "note:" not in line] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "model.tflite"]


@both
@pytest.mark.skipif(os.name != "posix", reason="not on Windows")
def test_a_pipe_that_gives_nothing_holds_nobody_back(tmp_path, number, status):
    child = start(tmp_path, "-", "--out", "o.csv", stdin=subprocess.PIPE)
    wait_for(tmp_path / ".o.csv.part")
    time.sleep(0.5)  # FFmpeg waits
    child.send_signal(number)
    try:
        assert child.wait(timeout=20) == status
    finally:
        child.kill()
        child.communicate()


def test_a_signal_that_is_ignored_stays_so():
    """A shell ignores Ctrl-C for what it runs in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopped_in_order():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)
