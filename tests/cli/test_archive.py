"""`movinet classify` with many processes, from outside."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from kit.archive import (
    NAMES,
    alive,
    children,
    classify,
    gone_on,
    held_up,
    wait_for,
    write_archive,
    write_model,
)
from movinet.scale.journal import read_story


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a tiny model and an archive of five clips and a file that is none."""
    folder = tmp_path_factory.mktemp("archive")
    write_model(folder)
    write_archive(folder / "clips", NAMES)
    (folder / "clips" / "f.mp4").write_bytes(b"not a video")
    return folder


def one_error(done, status: int) -> str:
    assert done.returncode == status, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("movinet: error: ")
    return line.removeprefix("movinet: error: ")


@pytest.mark.parametrize(
    "options",
    [(), ("--json",), ("--json", "--per-frame", "--top", 2), ("--events", "--event-on", 0.35)],
)
def test_standard_output_is_that_of_one_process(place, options):
    alone, many = (
        classify(place, "clips", *options),
        classify(place, "clips", *options, "--jobs", 2),
    )
    assert alone.stdout == many.stdout != ""
    assert alone.returncode == many.returncode == 1
    *told, note = many.stderr.splitlines()
    assert told == alone.stderr.splitlines()
    assert note.startswith("movinet: note: 6 videos, ")
    assert " times real time, " in note
    assert note.endswith(" CPU seconds an hour of video, 1 failed")


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_a_file_is_that_of_one_process(place, tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    options = ("--embeddings", tmp_path / "vectors.npy")
    classify(place, "clips", "--out", tmp_path / name, *options)
    alone = (tmp_path / name).read_bytes(), np.load(tmp_path / "vectors.npy")
    (tmp_path / name).unlink()
    assert classify(place, "clips", "--out", tmp_path / name, *options, "--jobs", 2).returncode == 1
    many = (tmp_path / name).read_bytes(), np.load(tmp_path / "vectors.npy")
    assert alone[0] == many[0]
    assert np.array_equal(alone[1], many[1], equal_nan=True)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_subtitles_are_beside_each_video(place, tmp_path):
    shutil.copytree(place / "clips", tmp_path / "clips")
    for jobs in ((), ("--jobs", 2)):
        classify(place, tmp_path / "clips", "--subtitles", "vtt", "--event-on", 0.3, *jobs)
        written = sorted(tmp_path.glob("clips/*.vtt"))
        assert [path.name for path in written] == [f"{name}.actions.vtt" for name in NAMES]
        for path in written:
            path.unlink()


def test_a_list_of_videos(place):
    names = "clips/c.mp4\n\nclips/a.mp4\r\nclips/c.mp4\n"
    alone = classify(place, "--list", "-", "--json", input=names)
    assert [json.loads(line)["video"] for line in alone.stdout.splitlines()] == [
        "clips/c.mp4",
        "clips/a.mp4",
        "clips/c.mp4",
    ]
    (place / "list.txt").write_text(names)
    # Of many processes one does each video, once.
    many = classify(place, "--list", "list.txt", "--json", "--jobs", 2)
    assert many.stdout.splitlines() == alone.stdout.splitlines()[:2]
    assert one_error(classify(place, "--list", "none.txt"), 2) == (
        "cannot read none.txt: No such file or directory"
    )
    empty = one_error(classify(place, "--list", "-", input="\n"), 2)
    assert empty == "standard input names no video"


def test_new_videos_of_an_archive_are_done_and_the_others_kept(place, tmp_path):
    shutil.copytree(place / "clips", tmp_path / "clips")
    arguments = (tmp_path / "clips", "--jobs", 2, "--out", tmp_path / "out.jsonl")
    classify(place, *arguments)
    first = (tmp_path / "out.jsonl").read_text().splitlines()
    again = classify(place, *arguments)
    assert again.returncode == 1
    assert again.stderr == "movinet: note: 6 of 6 videos were done before, 1 of them in vain\n"
    assert (tmp_path / "out.jsonl").read_text().splitlines() == first
    write_archive(tmp_path / "clips", ["bb"])
    more = classify(place, *arguments)
    assert "movinet: note: 6 of 7 videos were done before" in more.stderr
    assert "movinet: note: 1 video, " in more.stderr
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [line for line in lines if "bb.mp4" not in line] == first
    assert len(lines) == 7


def test_a_killed_driver_goes_on(place, tmp_path):
    driver, videos, pipe = held_up(place, tmp_path)
    workers = wait_for(lambda: children(driver.pid))
    driver.kill()
    driver.communicate()
    # The workers do not outlive it, also the one that waits for a frame.
    wait_for(lambda: not any(alive(worker) for worker in workers))
    assert not (tmp_path / "out.jsonl").exists()
    pipe.unlink()
    write_archive(tmp_path, ["bb"])
    told = gone_on(place, tmp_path, videos)
    assert told[0] == "movinet: note: 5 of 6 videos were done before"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_keeps_what_is_done(place, tmp_path, number, status):
    driver, videos, pipe = held_up(place, tmp_path)
    workers = children(driver.pid)
    driver.send_signal(number)
    _, told = driver.communicate(timeout=10)
    assert driver.returncode == status
    assert told.strip() == (
        f"movinet: note: 5 of 6 videos are done and kept in {tmp_path}/out.jsonl.journal; "
        "the same command goes on"
    )
    assert not any(alive(worker) for worker in workers)
    with (tmp_path / "out.jsonl.journal").open("rb") as file:
        assert read_story(file).failed == {}
    pipe.unlink()
    write_archive(tmp_path, ["bb"])
    gone_on(place, tmp_path, videos)


def test_a_video_that_takes_the_driver_down_is_set_aside(place, tmp_path):
    for tries in (1, 2):
        driver, videos, pipe = held_up(place, tmp_path, tries=tries)
        driver.kill()
        driver.communicate()
        pipe.unlink()
    os.mkfifo(pipe)
    done = classify(place, *videos, "--jobs", 2, "--out", tmp_path / "out.jsonl")
    assert done.returncode == 1
    error = f"cannot read {pipe}: the program, or the machine, that read it was lost, twice"
    assert f"movinet: error: {error}" in done.stderr.splitlines()
    lines = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert [line.get("error") for line in lines] == [None, None, error, None, None, None]


def test_other_settings_are_refused(place, tmp_path):
    out = tmp_path / "out.csv"
    classify(place, "clips", "--jobs", 2, "--out", out)
    assert one_error(classify(place, "clips", "--jobs", 2, "--out", out, "--top", 1), 2) == (
        f"cannot go on with {out}: it was begun with another top; name another file, or remove "
        f"{out}.journal to begin anew"
    )
    (tmp_path / "out.csv.journal").unlink()
    classify(place, "clips", "--jobs", 2, "--out", out, "--top", 1)
    with out.open() as file:
        assert len(list(csv.DictReader(file))) == 6


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--address", "auto"), "--address is that of a Ray cluster: add --engine ray"),
        (
            ("--engine", "ray", "--address", "ray://head:10001"),
            "ray://head:10001 is for Ray's client, which Ray Data does not work over: run this on "
            "a machine of the cluster, with --address auto",
        ),
        (
            ("--engine", "ray", "--address", "garbage", "--out", "garbage.jsonl"),
            "garbage is no address of a Ray cluster: give auto, or HOST:PORT of its head",
        ),
        (
            ("--jobs", 2, "--plot", "a.svg"),
            "--plot does not go with many processes: leave --jobs and --engine out",
        ),
        (
            ("--jobs", 2, "--on-event", "true"),
            "--on-event does not go with many processes: leave --jobs and --engine out",
        ),
        (
            ("--jobs", 2, "-"),
            "standard input cannot be shared by processes: leave --jobs and --engine out",
        ),
        (
            ("--jobs", 2, "--per-frame", "--embeddings", "a.npy"),
            "--embeddings of every frame do not go with many processes: leave --per-frame or "
            "--jobs out",
        ),
        (
            ("--per-frame", "--out", "a.parquet"),
            "a Parquet file has a row a video: leave --per-frame out, or use .jsonl",
        ),
        (("--jobs", 2, "--out", "clips"), "cannot write clips: it is a folder; name a file in it"),
    ],
)
def test_what_makes_no_sense_is_said_first(place, options, error):
    assert one_error(classify(place, "clips", *options), 2) == error


def test_a_model_that_only_a_worker_finds_wanting(place, tmp_path):
    model = schema.ModelT.InitFromPackedBuf((place / "model.tflite").read_bytes(), 0)
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].customCode = b"Nonsense"
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    (tmp_path / "model.tflite").write_bytes(builder.Output())
    arguments = (place / "clips", "--out", "out.jsonl", "--events")
    alone = one_error(classify(tmp_path, *arguments), 1)
    assert alone.startswith("cannot use model.tflite: LiteRT refuses it (")
    assert one_error(classify(tmp_path, *arguments, "--jobs", 2), 1) == alone
    # No journal of what cannot begin.
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]


def test_parquet(place, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    classify(place, "clips", "--out", tmp_path / "out.parquet", "--jobs", 2, "--top", 1)
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert list(rows[0]) == [
        "video", "model", "duration", "frames", "top", "damaged_packets", "events", "embedding",
        "error",
    ]  # fmt: skip
    assert [Path(row["video"]).stem for row in rows] == [*NAMES, "f"]
    assert [len(row["top"] or ()) for row in rows] == [1, 1, 1, 1, 1, 0]
    assert rows[5]["error"].startswith("cannot read clips/f.mp4: ")
    assert rows[0]["error"] is None
    assert list(rows[0]["top"][0]) == ["label", "index", "score"]
