"""Inputs that cannot be read, or should not be, from outside: each is one failed input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.archive import command, write_archive, write_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
# Root may read everything, but for one who gives that up.
_NOBODY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
JOBS = pytest.mark.parametrize("jobs", [(), ("--jobs", 2)])


@pytest.fixture
def place(tmp_path) -> Iterator[Path]:
    """A folder with a tiny model and `arch` with two clips; one lies in `arch/sub`."""
    write_model(tmp_path)
    (tmp_path / "arch" / "sub").mkdir(parents=True)
    write_archive(tmp_path / "arch", ["a"])
    write_archive(tmp_path / "arch" / "sub", ["b"])
    yield tmp_path
    for folder in tmp_path.glob("**/"):
        folder.chmod(0o700)


def classify(place: Path, *arguments) -> tuple[list[str], list[str], int]:
    """The videos that are done, what is said of the others, and the status."""
    line = command(*arguments, "--json")
    if os.getuid() == 0:
        line = [*_NOBODY, *line]
    done = subprocess.run(line, cwd=place, capture_output=True, text=True, check=False, timeout=60)
    records = [json.loads(text) for text in done.stdout.splitlines()]
    said = [text for text in done.stderr.splitlines() if not text.startswith("movinet: note: ")]
    return [r["video"] for r in records if "error" not in r], said, done.returncode


@JOBS
def test_a_folder_in_a_folder_that_cannot_be_listed(place, jobs):
    (place / "arch" / "sub").chmod(0)
    assert classify(place, "arch", *jobs) == (
        ["arch/a.mp4"],
        ["movinet: error: cannot read arch/sub: Permission denied"],
        1,
    )


@pytest.mark.parametrize(
    "arguments", [("evaluate",), ("train", "--from", "scratch", "--out", "run")]
)
def test_a_folder_of_clips_that_cannot_be_listed(place, arguments):
    """To leave them out would be to learn, or to judge, by other clips in silence."""
    for label in ("walk", "run"):
        write_archive(place / "clips" / label, ["a", "b"])
    (place / "clips" / "walk" / "more").mkdir(mode=0)
    verb, *options = arguments
    line = [sys.executable, "-m", "movinet", verb, "clips", *options]
    if os.getuid() == 0:
        line = [*_NOBODY, *line]
    done = subprocess.run(line, cwd=place, capture_output=True, text=True, check=False, timeout=60)
    said = "movinet: error: cannot read clips/walk/more: Permission denied\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert not (place / "run").exists()


@JOBS
def test_a_pipe_in_a_folder_is_not_waited_for(place, jobs):
    os.mkfifo(place / "arch" / "pipe.mp4")
    assert classify(place, "arch", *jobs) == (["arch/a.mp4", "arch/sub/b.mp4"], [], 0)


@pytest.mark.parametrize("name", ["arch/sub/b.mp4", "arch/sub/*.mp4", "arch/sub"])
@JOBS
def test_what_lies_in_a_folder_that_may_not_be_searched(place, name, jobs):
    (place / "arch" / "sub").chmod(0)
    assert classify(place, name, "arch/a.mp4", *jobs) == (
        ["arch/a.mp4"],
        [f"movinet: error: cannot read {name}: Permission denied"],
        1,
    )


@JOBS
def test_a_name_with_letters_that_a_terminal_obeys(place, jobs):
    name = "two\nlines \x1bc\x9b춤 \udc80.mp4"
    assert classify(place, name, "arch/a.mp4", *jobs) == (
        ["arch/a.mp4"],
        ["movinet: error: cannot read two\\nlines \\x1bc\\x9b춤 \\udc80.mp4: no such file"],
        1,
    )


@pytest.mark.parametrize("name", ["n" * 300, f"{'n' * 300}*.mp4", f"/dev/video{'0' * 300}"])
def test_a_name_that_is_too_long(place, name):
    done, said, status = classify(place, name, "arch/a.mp4")
    assert (done, status) == (["arch/a.mp4"], 1)
    (line,) = said
    assert line.startswith(f"movinet: error: cannot read {name}: ")


def test_a_model_in_a_folder_that_may_not_be_searched(place):
    (place / "arch" / "sub").chmod(0)
    # The last one counts: `command` names the tiny model behind.
    (place / "model.tflite").unlink()
    (place / "model.tflite").symlink_to(place / "arch" / "sub" / "m.tflite")
    said = ["movinet: error: cannot read model.tflite: Permission denied"]
    assert classify(place, "arch/a.mp4") == ([], said, 1)


def test_a_list_on_standard_input_that_is_closed(place):
    line = ["sh", "-c", 'exec "$@" <&-', "sh", *command("--list", "-")]
    done = subprocess.run(line, cwd=place, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == "movinet: error: cannot read standard input: it is closed\n"
    assert done.returncode == 2
