"""The keys of the JSON are a contract: apps read them."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from movinet.outputs.jsonlines import JsonLines


def lines(path) -> list[dict]:
    text = path.read_text("ascii")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_a_whole_video(tmp_path, summary):
    path = tmp_path / "out.jsonl"
    with JsonLines(path) as out:
        out.summary("my clip.mp4", summary, summary.top(2))
    assert lines(path) == [
        {
            "video": "my clip.mp4",
            "model": "tiny",
            "duration": 2.5,
            "frames": 10,
            "top": [
                {"label": "=1+1; [red]x[/red]", "index": 3, "score": 0.4},
                {"label": "달리기 🏃", "index": 2, "score": 0.333333},
            ],
            "damaged_packets": 2,
        }
    ]


def test_the_order_of_the_keys(tmp_path, summary, prediction):
    with JsonLines(tmp_path / "out.jsonl") as out:
        out.prediction("v", prediction, prediction.top(1))
        out.summary("v", summary, summary.top(1))
        out.error("v", "no")
    keys = [list(line) for line in lines(tmp_path / "out.jsonl")]
    assert keys == [
        ["video", "time", "top"],
        ["video", "model", "duration", "frames", "top", "damaged_packets"],
        ["video", "error"],
    ]


def test_a_moment(tmp_path, prediction):
    with JsonLines(tmp_path / "out.jsonl") as out:
        out.prediction("v", prediction, prediction.top(1))
    top = [{"label": "=1+1; [red]x[/red]", "index": 3, "score": 0.4}]
    assert lines(tmp_path / "out.jsonl") == [{"video": "v", "time": 0.333333, "top": top}]


def test_an_error(tmp_path):
    with JsonLines(tmp_path / "out.jsonl") as out:
        out.error("none.mp4", "cannot read none.mp4: no such file")
    assert lines(tmp_path / "out.jsonl") == [
        {"video": "none.mp4", "error": "cannot read none.mp4: no such file"}
    ]


def test_what_is_unknown_is_null(tmp_path, summary):
    with JsonLines(tmp_path / "out.jsonl") as out:
        out.summary("v", replace(summary, duration=None), [])
    line = lines(tmp_path / "out.jsonl")[0]
    assert line["duration"] is None
    assert line["top"] == []


def test_times_are_decimals(tmp_path, summary, prediction):
    with JsonLines(tmp_path / "out.jsonl") as out:
        out.summary("v", replace(summary, duration=Fraction(10)), [])
        out.prediction("v", replace(prediction, time=Fraction(0)), [])
    text = (tmp_path / "out.jsonl").read_text()
    assert '"duration": 10.0,' in text
    assert '"time": 0.0,' in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_name_comes_back(tmp_path, name):
    """Also one that is no UTF-8, which Python holds as lone surrogates."""
    with JsonLines(tmp_path / "out.jsonl") as out:
        out.error(name, name)
    assert lines(tmp_path / "out.jsonl") == [{"video": name, "error": name}]


def test_standard_output(capsys, summary):
    with JsonLines() as out:
        out.summary("v", summary, summary.top(1))
        # It is out at once, not at the end.
        assert json.loads(capsys.readouterr().out)["video"] == "v"
        out.error("w", "no")
    assert json.loads(capsys.readouterr().out) == {"video": "w", "error": "no"}
    print("still open")
    assert capsys.readouterr().out == "still open\n"


def test_a_closed_sink_may_be_closed_again(tmp_path):
    out = JsonLines(tmp_path / "out.jsonl")
    out.error("v", "no")
    out.close()
    out.close()
    assert len(lines(tmp_path / "out.jsonl")) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_was_written_stays(error, tmp_path, summary):
    def interrupted():
        with JsonLines(tmp_path / "out.jsonl") as out:
            out.summary("one", summary, [])
            out.summary("two", summary, [])
            raise error

    with pytest.raises(error):
        interrupted()
    assert [line["video"] for line in lines(tmp_path / "out.jsonl")] == ["one", "two"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
