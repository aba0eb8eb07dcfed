from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.marks import full_disk
from movinet.errors import OutputError
from movinet.outputs.csvfile import COLUMNS, Csv


def rows(path) -> list[dict]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_the_columns(tmp_path):
    with Csv(tmp_path / "out.csv"):
        pass
    assert (tmp_path / "out.csv").read_bytes() == (
        b"video,time,rank,label,index,score,start,end,peak,frames,duration,damaged_packets,error\n"
    )


def test_a_line_for_each_category(tmp_path, summary):
    with Csv(tmp_path / "out.csv") as out:
        out.summary("v.mp4", summary, summary.top(4))
    found = rows(tmp_path / "out.csv")
    assert [row["rank"] for row in found] == ["1", "2", "3", "4"]
    assert [row["label"] for row in found] == [c.label for c in summary.top(4)]
    assert [row["index"] for row in found] == ["3", "2", "1", "0"]
    assert [row["score"] for row in found] == ["0.4", "0.333333", "0.2", "0.1"]
    for row in found:
        assert row["video"] == "v.mp4"
        assert (row["time"], row["error"]) == ("", "")
        assert (row["frames"], row["duration"], row["damaged_packets"]) == ("10", "2.5", "2")


def test_a_moment(tmp_path, prediction):
    with Csv(tmp_path / "out.csv") as out:
        out.prediction("v.mp4", prediction, prediction.top(2))
    found = rows(tmp_path / "out.csv")
    assert [(row["time"], row["rank"], row["index"]) for row in found] == [
        ("0.333333", "1", "3"),
        ("0.333333", "2", "2"),
    ]
    assert {row["frames"] for row in found} == {""}


def test_nothing_above_the_threshold_is_a_line_without_a_label(tmp_path, summary):
    with Csv(tmp_path / "out.csv") as out:
        out.summary("v.mp4", replace(summary, duration=None), [])
    row = rows(tmp_path / "out.csv")[0]
    assert (row["video"], row["label"], row["score"], row["duration"]) == ("v.mp4", "", "", "")
    assert row["frames"] == "10"


def test_an_error(tmp_path):
    with Csv(tmp_path / "out.csv") as out:
        out.error("none.mp4", "cannot read none.mp4: no such file, really")
    blank = dict.fromkeys(COLUMNS, "")
    assert rows(tmp_path / "out.csv") == [
        {**blank, "video": "none.mp4", "error": "cannot read none.mp4: no such file, really"}
    ]


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES)
def test_any_name_comes_back(tmp_path, name, message):
    with Csv(tmp_path / "out.csv") as out:
        out.error(name, message)
        out.error("the next", "line")
    found = [(row["video"], row["error"]) for row in rows(tmp_path / "out.csv")]
    assert found == [(name, message), ("the next", "line")]


@pytest.mark.parametrize(
    "name", ['a, "b".mp4', "two\nlines.mp4", "two\r\nlines.mp4", "two\rlines.mp4", "달 🏃.mp4"]
)
def test_a_name_that_is_hard_to_write(name, tmp_path, summary):
    with Csv(tmp_path / "out.csv") as out:
        out.summary(name, summary, summary.top(2))
    assert [row["video"] for row in rows(tmp_path / "out.csv")] == [name, name]


def test_a_name_that_is_no_utf8_goes_out_as_its_bytes(tmp_path):
    with Csv(tmp_path / "out.csv") as out:
        out.error(b"caf\xe9.mp4".decode("utf-8", "surrogateescape"), "no")
    assert b"\ncaf\xe9.mp4," in (tmp_path / "out.csv").read_bytes()


def test_standard_output(capsys, summary):
    with Csv() as out:
        out.summary("v.mp4", summary, summary.top(1))
    header, line = capsys.readouterr().out.splitlines()
    assert header == ",".join(COLUMNS)
    assert line == "v.mp4,,1,=1+1; [red]x[/red],3,0.4,,,,10,2.5,2,"


@full_disk
def test_a_full_disk_is_noticed_at_the_header():
    """And leaves no open file behind, which the interpreter would complain of."""
    with pytest.raises(OutputError, match=r"^cannot write /dev/full: No space left on device$"):
        Csv("/dev/full")


def test_ctrl_c_keeps_what_was_written(tmp_path, summary):
    def interrupted():
        with Csv(tmp_path / "out.csv") as out:
            out.summary("one", summary, summary.top(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [row["video"] for row in rows(tmp_path / "out.csv")] == ["one"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
