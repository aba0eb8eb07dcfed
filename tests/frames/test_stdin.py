"""Standard input: a file, a pipe, closed, or no video."""

from __future__ import annotations

import sys

import pytest

from frames.kinds import ALL
from frames.refusal import refusal
from frames.videos import numbers_of
from kit import child
from movinet.frames import open_source

READ_STDIN = """
from frames.videos import numbers_of
from movinet.frames import open_source
import sys
start = float(sys.argv[1])
with open_source("-", start=start or None, fps=None) as source:
    assert source.name == "standard input"
    print(*numbers_of(source))
"""


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.flv", "a.mp4"])
@pytest.mark.parametrize("start", [0, 1])
def test_standard_input_from_a_file(videos, name, start):
    with (videos / name).open("rb") as file:
        done = child.python(READ_STDIN, str(start), stdin=file)
    assert done.stdout.decode().split() == [str(n) for n in ALL[30 * start :]]


@pytest.mark.parametrize(("name", "start"), [("a.ts", 0), ("a.mkv", 1), ("a.flv", 1), ("a.gif", 1)])
def test_standard_input_from_a_pipe(videos, name, start):
    done = child.python(READ_STDIN, str(start), input=(videos / name).read_bytes())
    rate = 25 if name == "a.gif" else 30
    assert done.stdout.decode().split() == [str(n) for n in ALL[rate * start :]]


def test_standard_input_of_this_process(videos, monkeypatch):
    with (videos / "a.mp4").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with open_source("-", fps=5) as source:
            assert numbers_of(source) == ALL[::6]


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 99])
def test_standard_input_that_is_no_video(tmp_path, monkeypatch, content):
    path = tmp_path / "input"
    path.write_bytes(content)
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert refusal("-").startswith("cannot read standard input: not a video")


def test_standard_input_that_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "cannot read standard input: it is closed"
