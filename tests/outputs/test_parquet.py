from __future__ import annotations

import os

import pytest

from movinet.outputs.parquet import Parquet
from movinet.stream import Event

parquet = pytest.importorskip("pyarrow.parquet")


def rows(path) -> list[dict]:
    return parquet.read_table(path).to_pylist()


def test_of_a_video_that_failed_all_but_name_and_error_is_null(tmp_path, summary, info):
    with Parquet(tmp_path / "out.parquet") as out:
        out.event("bad.mp4", Event(info.label(0), 0, start=1, peak=0.5, end=2))
        out.error("bad.mp4", "cannot read bad.mp4: it broke off")
        out.summary("good.mp4", summary, summary.top(1))
    bad, good = rows(tmp_path / "out.parquet")
    assert {key for key, value in bad.items() if value is not None} == {"video", "error"}
    assert good["events"] == []


def test_a_name_that_is_not_utf_8_can_be_found_again(tmp_path, summary):
    names = ["clip \udc80é.mp4", "clip \udc81é.mp4"]
    with Parquet(tmp_path / "out.parquet") as out:
        out.summary(names[0], summary, summary.top(1))
        out.error(names[1], f"cannot read {names[1]}: no such file")
    found = rows(tmp_path / "out.parquet")
    assert [row["video"] for row in found] == [
        os.fsencode(name).decode("utf-8", "backslashreplace") for name in names
    ]
    assert found[0]["video"] == "clip \\x80é.mp4"
    assert found[1]["error"] == "cannot read clip \\x81é.mp4: no such file"
