"""The program around the verbs: what is closed, what cannot be used, and Ctrl-C at the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from movinet.cli.program import run
from movinet.synthetic import write_clips

MOVINET = (sys.executable, "-m", "movinet")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    write_clips(folder, 1, 7, ["jumping jacks"])
    return folder / "jumping jacks" / "000000.mp4"


def shell(redirections, *arguments):
    """A command with something closed."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirections}', "sh", *MOVINET, *map(str, arguments)],
        capture_output=True,
        timeout=60,
    )


def test_a_closed_standard_output_is_one_line(video):
    done = shell(">&-", "classify", video)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "movinet: error: standard output is closed: send it to a file or /dev/null\n"
    )


def test_a_closed_standard_error_stops_no_result(video, tmp_path):
    done = shell("2>&-", "classify", video, "--json", "--out", tmp_path / "out.jsonl")
    assert done.returncode == 0
    assert b"jumping jacks" in (tmp_path / "out.jsonl").read_bytes()
    assert b"jumping jacks" in shell("2>&-", "classify", video).stdout


_INTERRUPTED = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path, target=None):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)

wanted = sys.argv[1]
sys.meta_path.insert(0, Finder())
from movinet.cli import main
sys.argv = ["movinet", "classify", "video.mp4"]
main()
"""


@pytest.mark.parametrize("module", ["click", "numpy", "movinet.cli.classify"])
def test_ctrl_c_while_it_starts_says_nothing(module):
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, module], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_what_cannot_be_used_is_named(video, monkeypatch, capsys):
    def refuse(*given, **named):
        raise PermissionError(13, "Permission denied", "locked/model.tflite")

    monkeypatch.setattr("movinet.cli.classify.find", refuse)
    assert run(["classify", str(video)]) == 1
    assert "cannot use locked/model.tflite: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--start", "nan"), ("--start", "inf"), ("--threshold", "nan"), ("--threads", "100000")],
)
def test_numbers_that_are_none(video, option, value, capsys):
    assert run(["classify", str(video), option, value]) == 2
    said = capsys.readouterr().err
    assert option in said
    assert said.count("\n") == 1
