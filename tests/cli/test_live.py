"""`movinet live` from outside: a child process, its two streams and its status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kit.rtsp import RtspCamera
from kit.tiny_model import TinyModel

pytestmark = pytest.mark.timeout(60)
EVENTS = ("--events", "--event-on", "0.34", "--event-min", "0.2", "--event-memory", "1")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    (folder / "labels.txt").write_text("red\nblue\ngreen\n")
    return folder


def start(place: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "movinet", "live", *arguments]
    command += ["--model", "model.tflite", "--labels", "labels.txt"]
    return subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(place: Path, *arguments: str) -> tuple[int, list[dict], str]:
    child = start(place, *arguments)
    out, err = child.communicate(timeout=50)
    assert "Traceback" not in err
    return child.returncode, [json.loads(line) for line in out.splitlines()], err


def test_a_test_pattern_for_some_seconds(place):
    status, said, err = run(place, "--source", "test:", "--seconds", "2")
    assert status == 0
    assert err == ""
    answers = [line for line in said if "top" in line]
    assert len(answers) >= 8
    assert all(line["latency"] < 1 for line in answers[2:])
    assert [line["state"] for line in said if "state" in line][-1] == "live"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it(place, number, status):
    """What goes on is told as ended, and the file has its name."""
    out = place / f"{number.name}.jsonl"
    red = np.full((48, 64, 3), 20, np.uint8)
    red[..., 0] = 230
    with RtspCamera([red] * 50) as camera:
        child = start(place, "--source", camera.address, *EVENTS, "--out", str(out))
        for line in child.stdout:
            if '"event": "begin"' in line:
                break
        asked = time.monotonic()
        child.send_signal(number)
        rest, err = child.communicate(timeout=20)
    assert time.monotonic() - asked < 5
    assert child.returncode == status
    assert (
        err == "movinet: note: events rest on the last 1 s; the 0.4 s by which that is late are "
        "subtracted from their times\n"
    )
    assert '"event": "end"' in rest
    assert '"event": "end"' in out.read_text()


def test_two_cameras_of_which_one_is_not_there(place):
    status, said, err = run(
        place, "--source", "test:", "--source", "rtsp://u:p@127.0.0.1:9/x", "--seconds", "2"
    )
    assert status == 0
    lost = [line for line in said if line.get("state") == "lost"]
    assert lost[0]["camera"] == "rtsp://127.0.0.1:9/x"
    assert "Connection refused" in lost[0]["reason"]
    assert len(lost) > 1  # it is tried again
    assert err.count("lost") == 1
    assert not any("u:p@" in text for text in (err, *(str(line) for line in said)))
    assert "movinet: warning: rtsp://127.0.0.1:9/x: lost" in err
    assert any(line["camera"] == "test:" and "top" in line for line in said)


def test_a_file_of_cameras(place):
    (place / "cameras.toml").write_text(
        '[[camera]]\nname = "one"\nsource = "test:2"\non = 0.34\nminimum = 0\n'
        '[[camera]]\nname = "two"\nsource = "test:2"\non = 0.99\n'
    )
    status, said, _ = run(place, "--config", "cameras.toml")
    assert status == 0
    assert {line["camera"] for line in said if "event" in line} == {"one"}
    ended = [line["camera"] for line in said if line.get("state") == "ended"]
    assert sorted(ended) == ["one", "two"]


def test_a_program_is_run_on_events(place, tmp_path):
    out = tmp_path / "said"
    script = tmp_path / "tell.py"
    script.write_text(
        "import os\n"
        f"open({str(out)!r}, 'a').write(os.environ['MOVINET_EVENT'] + ' '\n"
        "    + os.environ['MOVINET_VIDEO'] + '\\n')\n"
    )
    command = f"{sys.executable} {script}"
    status, _, err = run(
        place, "--source", "test:2", *EVENTS, "--event-on", "0.2", "--on-event", command
    )
    assert status == 0, err
    assert {*out.read_text().splitlines()} == {"begin test:", "end test:"} or {
        *out.read_text().splitlines()
    } == {"begin test:2", "end test:2"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "no camera: name one with --source camera:0"),
        (("--source", "camera:77"), 1, "cannot read camera:77: there is no camera at /dev/video77"),
        (("--source", "/dev/video77"), 1, "/dev/video77: there is no camera at /dev/video77"),
        (("--source", "nothing.mp4", "--realtime"), 2, "nothing.mp4: no such file or camera"),
        (("--source", "model.tflite"), 2, "is a file and no camera: add --realtime"),
        (("--source", "model.tflite", "--realtime"), 1, "not a video"),
        (("--source", "test:", "--loop"), 2, "--loop is for files"),
        (("--config", "nothing.toml"), 2, "cannot read nothing.toml: No such file"),
        (("--source", "test:", "--on-event", "no-such-program"), 2, "there is no such program"),
        (("--source", "test:", "--on-event", ""), 2, "--on-event is empty: name a program"),
        (("--source", "test:", "--on-event", "  "), 2, "--on-event is empty: name a program"),
        (("--source", "test:", "--seconds", "nan"), 2, "'nan' is no number"),
        (("--source", ""), 2, "--source is empty: name a camera"),
        (
            ("--source", "test:", "--event-on", "0.2", "--event-off", "0.3"),
            2,
            "--event-off 0.3 is above",
        ),
        (("--source", "test:", "--background", "standing"), 2, "has no label 'standing' for the"),
        (("--source", "test:", "--out", "/dev/full"), 1, "cannot write /dev/full: No space left"),
    ],
)
def test_what_is_wrong_is_one_line(place, arguments, status, said):
    code, _, err = run(place, *arguments)
    lines = [line for line in err.splitlines() if not line.startswith("movinet: note:")]
    assert code == status, err
    assert len(lines) == 1, err
    assert lines[0].startswith("movinet: error: ")
    assert said in lines[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("background = ['standing']", "line 4: model has no label 'standing' for the background"),
        ("on_event = 'no-such-program'", "line 4: cannot run 'no-such-program' on events: there"),
        ("[[camera]]\nsource = 'test:'", "line 5: two cameras are called 'test:': give each"),
    ],
)
def test_what_is_wrong_with_a_file_of_cameras(place, more, said):
    (place / "wrong.toml").write_text(f"# mine\n[[camera]]\nsource = 'test:'\n{more}\n")
    code, _, err = run(place, "--config", "wrong.toml")
    *_, last = err.splitlines()
    assert code == 2
    assert last.startswith(f"movinet: error: wrong.toml, {said}")


def test_no_camera_of_several(place):
    code, _, err = run(place, "--source", "rtsp://127.0.0.1:9/x", "--source", "camera:77")
    assert code == 1
    *warnings, last = [line for line in err.splitlines() if "note:" not in line]
    assert last == "movinet: error: none of the 2 cameras can be had"
    assert sorted(warnings) == [
        "movinet: warning: camera:77: lost (cannot read camera:77: there is no camera at "
        "/dev/video77)",
        "movinet: warning: rtsp://127.0.0.1:9/x: lost (cannot read rtsp://127.0.0.1:9/x: "
        "Connection refused)",
    ]
