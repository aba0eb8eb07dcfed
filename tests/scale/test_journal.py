"""A journal cut off at any byte goes on to exactly one result a video."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movinet.errors import OutputError, UsageError
from movinet.outputs.records import error_record
from movinet.scale.journal import Journal, read_story
from movinet.scale.ledger import Ledger
from movinet.scale.outcome import Outcome, failure, lines_of

SETTINGS = {"model": "0123", "top": 5}
VIDEOS = [f"clip {number}\udc80é.mp4" for number in range(4)]


def outcome_of(video: str, *, moments: int = 2, mark: int = 0) -> Outcome:
    """Made-up results; `mark` tells them from those of another time."""
    records = [{"video": video, "time": number / 5, "top": []} for number in range(moments)]
    whole = {"video": video, "model": "m", "duration": 1.0, "frames": mark, "top": []}
    vector = np.array([mark, 0.5], np.float32)
    lines = lines_of([*records, whole])
    return Outcome(video, lines, None, ("a warning",), 0.5, 1.0, vector)


STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "broke", "done", "failed", "stopped"]), st.integers(0, 3)),
    max_size=12,
)


# What a power cut may leave behind the last line that is whole.
TAILS = st.sampled_from([b"", b"\0\0\0", b'{"video', b"[]\n", b"[" * 100_000])


def written(folder: Path, steps: list[tuple[str, int]]) -> bytes:
    """The journal of a run."""
    with Journal(folder / "out.jsonl", SETTINGS) as journal:
        for what, number in steps:
            video = VIDEOS[number]
            if what == "begin":
                journal.begin(video)
            elif what == "broke":
                journal.broke(video, "it fell")
            elif what == "done":
                journal.done(outcome_of(video, mark=1), None)
            elif what == "failed":
                journal.done(failure(video, f"cannot read {video}"), None)
            else:
                journal.stopped()
        # As it stands while it is open: an empty one goes away.
        return (folder / "out.jsonl.journal").read_bytes()


def finish(folder: Path) -> tuple[list[str], dict[str, list[dict]]]:
    """Do what is still to do; gives what that was, and the records of each video."""
    done = []
    with Journal(folder / "out.jsonl", SETTINGS) as journal:
        ledger = Ledger(VIDEOS, journal=journal)
        for video in ledger.todo:
            done.append(video)
            given_up = ledger.begin(video)
            ledger.done(given_up or outcome_of(video, mark=2))
        return done, {video: journal.result(video)[0] for video in VIDEOS}


@settings(max_examples=60)
@given(
    steps=STEPS, cut=st.floats(0, 1), tail=st.sampled_from([b"", b"\0\0\0", b'{"video', b"[]\n"])
)
def test_any_beginning_goes_on_to_one_result_a_video(steps, cut, tail):
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda number: None)
        folder = Path(name)
        data = written(folder, steps)
        size = round(cut * len(data))
        whole = read_story(io.BytesIO(data[:size])).done.keys()
        # Something behind the first line only: a file of other things is not a journal.
        data = data[:size] + (tail if data[:size].count(b"\n") else b"")
        (folder / "out.jsonl.journal").write_bytes(data)
        done, records = finish(folder)
        assert set(done) == set(VIDEOS) - whole
        for video in VIDEOS:
            *moments, last = records[video]
            assert {record["video"] for record in records[video]} == {video}
            assert len(moments) == (0 if "error" in last else 2)
            assert "error" in last or last["frames"] == (1 if video in whole else 2)
        assert finish(folder) == ([], records)


def test_what_counts_is_what_ends(tmp_path):
    data = written(tmp_path, [("begin", 0), ("done", 0), ("begin", 1), ("done", 1)])
    ends = [place for place in range(len(data) + 1) if data[:place].endswith(b"\n")]
    counts = [len(read_story(io.BytesIO(data[:place])).done) for place in ends]
    # The settings; begin, two moments, the whole, done; and the same again.
    assert counts == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]


def test_two_tries_that_nobody_saw_the_end_of_are_enough(tmp_path):
    written(tmp_path, [("begin", 0), ("begin", 1)])
    data = written(tmp_path, [("begin", 0)])
    story = read_story(io.BytesIO(data))
    assert {video: len(reasons) for video, reasons in story.failed.items()} == {
        VIDEOS[0]: 2,
        VIDEOS[1]: 1,
    }
    with Journal(tmp_path / "out.jsonl", SETTINGS) as journal:
        ledger = Ledger(VIDEOS, journal=journal)
        # Those that may be to blame come last.
        assert ledger.todo == [VIDEOS[2], VIDEOS[3], VIDEOS[0], VIDEOS[1]]
        given_up = ledger.begin(VIDEOS[0])
        assert given_up is not None
        assert given_up.error == (
            f"cannot read {VIDEOS[0]}: the program, or the machine, that read it was lost, twice"
        )
        assert ledger.begin(VIDEOS[1]) is None


def test_what_was_stopped_in_order_is_no_failure(tmp_path):
    data = written(tmp_path, [("begin", 0), ("stopped", 0), ("begin", 0), ("stopped", 0)])
    assert read_story(io.BytesIO(data)).failed == {}


def test_results_come_back_with_their_feature(tmp_path):
    with Journal(tmp_path / "out.jsonl", SETTINGS) as journal:
        journal.done(outcome_of("a.mp4", mark=7), None)
        journal.done(failure("b.mp4", "cannot read b.mp4"), None)
    with Journal(tmp_path / "out.jsonl", SETTINGS) as journal:
        records, vector = journal.result("a.mp4")
        assert [record.get("frames") for record in records] == [None, None, 7]
        assert vector is not None
        assert vector.tolist() == [7, 0.5]
        assert journal.result("b.mp4") == ([error_record("b.mp4", "cannot read b.mp4")], None)


def test_a_file_that_changed_is_done_again(tmp_path):
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    for content, todo in ((b"one", 1), (b"one", 0), (b"other", 1), (b"other", 0)):
        if video.read_bytes() != content:
            video.write_bytes(content)
        with Journal(tmp_path / "out.jsonl", SETTINGS) as journal:
            ledger = Ledger([str(video)], journal=journal)
            assert len(ledger.todo) == todo
            for name in ledger.todo:
                ledger.done(outcome_of(name))


def test_other_settings_are_refused(tmp_path):
    written(tmp_path, [("done", 0)])
    with pytest.raises(UsageError) as caught:
        Journal(tmp_path / "out.jsonl", {**SETTINGS, "top": 3})
    out = tmp_path / "out.jsonl"
    assert str(caught.value) == (
        f"cannot go on with {out}: it was begun with another top; name another file, or remove "
        f"{out}.journal to begin anew"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"something else\n",
        b"\0" * 100,
        b'{"journal": 99, "settings": {}}\n',
        b"{}\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_another_file_is_left_as_it_is(tmp_path, content):
    (tmp_path / "out.jsonl.journal").write_bytes(content)
    with pytest.raises(UsageError, match="is not a journal of it"):
        Journal(tmp_path / "out.jsonl", SETTINGS)
    assert (tmp_path / "out.jsonl.journal").read_bytes() == content


def test_only_one_at_a_time(tmp_path):
    with (
        Journal(tmp_path / "out.jsonl", SETTINGS),
        pytest.raises(OutputError, match="another movinet is at it"),
    ):
        Journal(tmp_path / "out.jsonl", SETTINGS)
    with Journal(tmp_path / "out.jsonl", SETTINGS):
        pass


def test_every_line_is_json(tmp_path):
    data = written(tmp_path, [("begin", 0), ("broke", 0), ("done", 0), ("stopped", 0)])
    assert all(json.loads(line) for line in data.splitlines())
    assert data.isascii()


def test_one_of_what_has_not_begun_goes_away(tmp_path):
    path = tmp_path / "out.jsonl.journal"
    with Journal(tmp_path / "out.jsonl", SETTINGS) as journal:
        assert path.exists()
        first = path.read_bytes()
        assert journal.empty
    assert not path.exists()
    # As a run leaves it that was killed before anything began.
    path.write_bytes(first)
    with Journal(tmp_path / "out.jsonl", SETTINGS) as journal:
        assert journal.empty
        journal.begin(VIDEOS[0])
        assert not journal.empty
    assert path.exists()
