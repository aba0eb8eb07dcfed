"""Workers that start before the command line is understood."""

from __future__ import annotations

import os

import pytest

from kit.archive import alive, children
from movinet.cli import headstart


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("classify a --jobs 1", 1),
        ("classify a --jobs 2 --jobs=1", 1),
        ("classify a", 0),
        ("classify a --jobs", 0),
        ("classify a --jobs x", 0),
        ("classify a --jobs 1 --help", 0),
        ("classify a --jobs 1 --engine ray", 0),
        ("classify a --engine=ray --jobs 1", 0),
        ("train a --jobs 1", 0),
        ("", 0),
    ],
)
def test_what_a_command_line_asks_for(line, count):
    headstart.begin(line.split())
    started = children(os.getpid())
    assert len(started) == count
    headstart.end()
    assert not any(alive(process) for process in started)


def test_no_more_than_cores(monkeypatch):
    monkeypatch.setattr(headstart, "cores", lambda: 2)
    headstart.begin(["classify", "a", "--jobs", "1000"])
    started = headstart.take()
    headstart.end()
    assert len(started) == 2
    for process in started:
        process.kill()
