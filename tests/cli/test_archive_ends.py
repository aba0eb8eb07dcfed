"""How a run of many processes ends where it cannot go on, or should not have begun."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kit.archive import NAMES, classify, gone_on, write_archive, write_model
from movinet.scale.journal import read_story


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder with a tiny model and five clips."""
    write_model(tmp_path)
    write_archive(tmp_path, NAMES)
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files here")
def test_a_disk_that_becomes_full_keeps_what_is_done(place):
    import resource

    videos = sorted(map(str, place.glob("*.mp4")))
    journal = place / "out.jsonl.journal"
    arguments = (*videos, "--jobs", 2, "--out", place / "out.jsonl")
    classify(place, *arguments)
    # No room for the results of whichever video is last; some bytes are times, which vary.
    room = journal.stat().st_size - 100
    journal.unlink()
    (place / "out.jsonl").unlink()
    done = classify(
        place,
        *arguments,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"movinet: note: 4 of 5 videos are done and kept in {journal}; the same command goes on",
        f"movinet: error: cannot write {journal}: File too large",
    ]
    with journal.open("rb") as file:
        assert read_story(file).failed == {}
    told = gone_on(place, place, videos)
    assert told[0] == "movinet: note: 4 of 5 videos were done before"


def test_no_more_processes_are_told_of_than_there_were(place):
    done = classify(place, "a.mp4", "b.mp4", "--jobs", 100)
    assert " on 2 processes: " in done.stderr
    assert " on 1 process: " in classify(place, "a.mp4", "--jobs", 2).stderr
