"""The tables, the JSON and the picture of a benchmark."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kit.tiny_model import TINY
from movinet.evaluation import (
    Accuracy,
    Configuration,
    Cost,
    Entrant,
    FrameCost,
    NotRun,
    Result,
    Timing,
)
from movinet.models import read_info
from movinet.outputs.axis import Axis
from movinet.outputs.benchmark import full_names, names, print_json, print_tables, record
from movinet.outputs.benchmarkplot import draw
from movinet.outputs.captions import Box, captions_at, pixels
from movinet.runtime import StepTimes

PARTS = StepTimes(0.0001, 0.0017, 0.0002)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    return read_info(TINY.write(tmp_path_factory.mktemp("tiny") / "tiny.tflite"))


@pytest.fixture
def result(info):
    def made(
        name="tiny",
        *,
        megabytes=3.0,
        p50=0.002,
        backend="litert",
        threads=1,
        right=None,
        parts=PARTS,
        memory=37_000_000,
    ):
        own = replace(info, name=name)
        entrant = Entrant(f"models/{name}.tflite", Path(f"/models/{name}.tflite"), own)
        return Result(
            Configuration(entrant, backend, threads),
            own,
            int(megabytes * 1e6),
            Cost(0.03, 0.005, 0.004, memory),
            Timing(p50, p50 * 1.1, p50 / 0.002, parts),
            FrameCost(0.0015, 0.0004),
            "synthetic",
            True,
            None if right is None else Accuracy(right, 10),
        )

    return made


def not_run(name="gone"):
    entrant = Entrant(f"{name}.tflite", Path(f"{name}.tflite"), None, "no such file")
    return NotRun(Configuration(entrant, "litert", 1), "no such file")


def test_a_record(result):
    found = record(result(right=7, p50=0.0025))
    assert found["model"] == "tiny"
    assert found["file"] == "models/tiny.tflite"
    assert (found["p50_ms"], found["ratio"], found["load_ms"]) == (2.5, 1.25, 5.0)
    assert (found["image_ms"], found["invoke_ms"], found["state_ms"]) == (0.1, 1.7, 0.2)
    assert (found["fps"], found["streams_per_core"]) == (5, 80)
    assert (found["top1"], found["videos"]) == (0.7, 10)
    bare = record(result(parts=None, memory=None))
    unknown = {"memory_bytes", "image_ms", "invoke_ms", "state_ms", "top1", "videos"}
    assert {key for key, value in bare.items() if value is None} == unknown
    assert record(not_run()) == {
        "model": "gone",
        "file": "gone.tflite",
        "backend": "litert",
        "threads": 1,
        "error": "no such file",
    }


def test_every_key_is_documented(result):
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
    section = page.split("## Benchmark")[1].split("\n## ")[0]
    for key in record(result()) | record(not_run()):
        assert f"| `{key}` |" in section, key


def test_json_lines(result, capsys):
    rows = [result(), not_run()]
    print_json(rows)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        record(row) for row in rows
    ]


@pytest.mark.parametrize("rated", [True, False])
def test_tables_fit_into_100_columns(result, capsys, rated):
    long = "movinet_a0_stream_k600_int8_of_somebody_with_long_names"
    rows = [result(long, right=10 if rated else None), not_run(), result("b", p50=1.2, parts=None)]
    print_tables(rows, "a machine")
    out = capsys.readouterr().out
    assert all(len(line) <= 100 for line in out.splitlines())
    lines = [line.split() for line in out.splitlines()]
    assert "3  b" in out
    assert ["3", "b", "litert", "1", "3.00", "1200", "1320", "600.00", "0.2"] in [
        line[:9] for line in lines
    ]
    assert ["3", "1.50", "0.40", "-", "-", "-", "5.00", "4.00", "37.0"] in [
        line[:9] for line in lines
    ]
    assert ("top-1" in out, "100.0" in out) == (rated, rated)
    assert "2  gone, litert, 1 thread: not run: no such file" in out


def test_names_say_what_differs(result):
    one, two, onnx = result(), result(threads=2), result(backend="onnx")
    assert full_names([one, result("b")]) == ["tiny", "b"]
    assert full_names([one, two]) == ["tiny, 1 thread", "tiny, 2 threads"]
    assert full_names([one, onnx]) == ["tiny, litert", "tiny, onnx"]
    twin = result()
    entrant = Entrant("other/tiny.tflite", Path("/other/tiny.tflite"), twin.info)
    twin = NotRun(Configuration(entrant, "litert", 1), "")
    assert names([one, twin, result("b")]) == ["models/tiny.tflite", "other/tiny.tflite", "b"]


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_the_picture_holds_every_name_and_nothing_from_elsewhere(result):
    rows = [result("a <0> & b"), result("소\x01", megabytes=15, p50=0.003), not_run()]
    svg = draw(rows)
    assert {"a <0> & b", "소\ufffd"} <= set(texts(svg))
    root = ElementTree.fromstring(svg)
    assert len(list(root.iter(f"{SVG}circle"))) == 2
    assert "prefers-color-scheme: dark" in svg
    assert svg.count("http") == 1  # the name of SVG itself
    assert "time of a step, p50 (ms) by file size (MB)" in texts(svg)


def test_dots_are_where_they_belong(result):
    rows = [result("a", megabytes=3), result("b", megabytes=6, p50=0.004)]
    left, right = ElementTree.fromstring(draw(rows)).iter(f"{SVG}circle")
    assert float(left.get("cx", 0)) < float(right.get("cx", 0))
    assert float(left.get("cy", 0)) > float(right.get("cy", 0))  # slower is higher
    assert left.get("class") == "dot first"
    assert right.get("class") == "dot"


def test_top1_goes_up_when_it_is_known(result):
    svg = draw([result("a", right=4), result("b", megabytes=30, right=9)])
    assert "top-1 (%) by file size (MB)" in texts(svg)
    assert "size of the model file (MB, logarithmic)" in texts(svg)
    low, high = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    assert float(low.get("cy", 0)) > float(high.get("cy", 0))
    assert "100" in texts(svg)


def test_many_get_numbers_and_a_key(result):
    rows = [
        result(f"model {number}", threads=threads, backend=backend)
        for number, threads, backend in itertools.product(range(5), (1, 2), ("litert", "onnx"))
    ]
    found = texts(draw(rows))
    assert {str(number) for number in range(1, 21)} <= set(found)
    assert "7  model 1, litert, 2 threads" in found
    assert all(any(name in text for text in found) for name in full_names(rows))


@pytest.mark.parametrize("seed", range(20))
def test_captions_never_lie_on_each_other(seed):
    chance = random.Random(seed)
    field = Box(76, 74, 830, 418)
    dots = [(chance.uniform(76, 830), chance.uniform(74, 418)) for _ in range(8)]
    captions = ["x" * chance.randint(1, 30) for _ in dots]
    places, clear = captions_at(field, dots, captions)
    assert len(places) == len(dots)
    for caption, place in zip(captions, places, strict=True):
        assert place.box.right - place.box.left == pytest.approx(pixels(caption))
    if clear:
        assert all(field.holds(place.box) for place in places)
        assert not any(a.box.meets(b.box) for a, b in itertools.combinations(places, 2))
        for x, y in dots:
            assert not any(place.box.meets(Box(x, y, x + 1, y + 1)) for place in places)


def test_captions_usually_fit():
    chance = random.Random(0)
    field = Box(76, 74, 830, 418)
    clear = 0
    for _ in range(20):
        dots = [(chance.uniform(76, 830), chance.uniform(74, 418)) for _ in range(6)]
        clear += captions_at(field, dots, ["official_a0_stream_float32"] * 6)[1]
    assert clear >= 18


@pytest.mark.parametrize(
    ("values", "low", "high", "logarithmic"),
    [
        ([3, 7], 0, 8, False),
        ([3, 30], 3 / 1.3, 39, True),
        ([2, 2], 0, 2.5, False),
        ([0.0, 5], 0, 6, False),
    ],
)
def test_axes(values, low, high, logarithmic):
    axis = Axis.of(values, from_zero=True)
    assert (axis.low, axis.high) == (pytest.approx(low), pytest.approx(high))
    assert axis.logarithmic == logarithmic
    assert all(0 <= axis.place(value) < 1 for value in values)
    ticks = list(axis.ticks())
    assert 2 <= len(ticks) <= 8
    assert all(float(text) == pytest.approx(value) for value, text in ticks)
    assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value, _ in ticks)


def test_an_axis_of_shares_ends_at_100():
    axis = Axis.of([98, 100], from_zero=False, most=100)
    assert axis.high == 100
    assert axis.low < 98
