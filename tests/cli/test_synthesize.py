"""`movinet synthesize`: what it writes, and what it refuses."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from movinet.cli.program import DONE, FAILED, WRONG_USAGE, run
from movinet.synthetic import LABELS

FEW = ["--classes", "squat, waving hand", "--size", "32", "--fps", "5", "--seconds", "1"]


def test_it_writes_clips_and_says_nothing_to_a_pipe(tmp_path, capsys):
    out = tmp_path / "drawn"
    assert run(["synthesize", str(out), "--clips", "3", "--seed", "1", *FEW]) == DONE
    assert capsys.readouterr() == ("", "")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "clips.csv",
        "squat/000000.mp4",
        "squat/000001.mp4",
        "waving hand/000000.mp4",
    ]


def test_it_names_the_actions(capsys):
    assert run(["synthesize", "--list"]) == DONE
    assert capsys.readouterr().out.splitlines() == list(LABELS)


def test_it_draws_a_sheet_alone(tmp_path):
    sheet = tmp_path / "sheet.jpg"
    assert run(["synthesize", "--sheet", str(sheet), "--classes", "squat"]) == DONE
    assert sheet.read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], WRONG_USAGE, "nothing to do: give a folder and --clips, or --sheet"),
        (["out"], WRONG_USAGE, "a folder and --clips go together"),
        (["--clips", "3", "--sheet", "a.png"], WRONG_USAGE, "a folder and --clips go together"),
        (["out", "--clips", "0"], WRONG_USAGE, "'--clips': 0 is not in the range"),
        (["out", "--clips", "1"], WRONG_USAGE, "cannot share 1 clips between "),
        (["out", "--clips", "9", "--classes", "squatting"], WRONG_USAGE, "unknown action"),
        (["out", "--clips", "9", "--classes", ""], WRONG_USAGE, "unknown action ''"),
        (["out", "--clips", "99", "--size", "31"], WRONG_USAGE, "cannot draw 31 pixels"),
        (["out", "--clips", "99", "--seconds", "inf"], WRONG_USAGE, "cannot draw inf seconds"),
        (["--sheet", "a.gif"], WRONG_USAGE, "a sheet is a .png or a .jpg"),
        (["file", "--clips", "29"], FAILED, "cannot write file: "),
        (["--sheet", "no/a.png", "--classes", "squat"], FAILED, "cannot write no/a.png: "),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    assert run(["synthesize", *arguments]) == status
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupted_it_can_be_gone_on_with(tmp_path, jobs):
    command = [sys.executable, "-m", "movinet", "synthesize", str(tmp_path), "--clips", "4000"]
    child = subprocess.Popen(
        [*command, "--jobs", jobs, *FEW], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while len(list(tmp_path.rglob("0*.mp4"))) < 5 and time.monotonic() < end:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err.strip()) == (130, b"")
    assert not (tmp_path / "clips.csv").exists()
    whole = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("0*.mp4")}
    assert len(whole) >= 5
    assert run(["synthesize", str(tmp_path), "--clips", "5", *FEW]) == DONE
    assert whole == {path: path.stat().st_mtime_ns for path in whole}
