"""`movinet classify --events`, and what it writes for people to look at."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from kit.marks import full_disk
from kit.tiny_model import TinyModel

pytestmark = pytest.mark.timeout(60)
# What the model answers to red, blue and green pictures.
LABELS = ("red", "blue", "green")
OPTIONS = ("--event-on", "0.4", "--event-off", "0.4", "--event-min", "0.3", "--event-memory", "1")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A model, and a film that is red for two seconds, green for three, then red again."""
    folder = tmp_path_factory.mktemp("events")
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    with av.open(str(folder / "film.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for channel, seconds in ((0, 2), (1, 3), (0, 2)):
            picture = np.full((240, 320, 3), 20, np.uint8)
            picture[..., channel] = 230
            for _ in range(10 * seconds):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return folder


def run(place: Path, *arguments: str, status: int = 0) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "movinet", "classify", *arguments, "--fps", "10"]
    command += ["--model", "model.tflite", "--labels", "labels.txt"]
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_events_as_json_lines(place):
    lines = [
        json.loads(line) for line in run(place, "film.mp4", *OPTIONS, "--json").stdout.splitlines()
    ]
    *events, summary = lines
    assert "top" in summary
    told = [(line["event"], line["label"]) for line in events]
    assert told.count(("begin", "green")) == told.count(("end", "green")) == 1
    green = next(line for line in events if line["label"] == "green" and line["event"] == "end")
    assert green["start"] == pytest.approx(2, abs=0.5)
    assert green["end"] == pytest.approx(5, abs=0.5)
    assert green["peak"] > 0.8
    assert set(green) == {"video", "event", "label", "index", "start", "end", "peak"}
    assert next(line for line in events if line["event"] == "begin")["end"] is None


def test_events_in_a_table(place):
    done = run(place, "film.mp4", "--events", *OPTIONS)
    lines = [line.split() for line in done.stdout.splitlines()]
    green = next(line for line in lines if "green" in line and "-" in line)
    assert green[0].startswith("0:0")
    assert float(green[-1]) > 0.8
    assert done.stderr == (
        "movinet: note: events rest on the last 1 s; the 0.45 s by which that is late are "
        "subtracted from their times\n"
    )
    # Without them the table is as it was.
    plain = run(place, "film.mp4")
    assert " - " not in plain.stdout
    assert plain.stderr == ""


def test_events_as_csv(place):
    run(place, "film.mp4", *OPTIONS, "--out", "events.csv")
    with (place / "events.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["start"]]
    assert "green" in {row["label"] for row in rows}
    assert all(float(row["start"]) <= float(row["end"]) and row["peak"] for row in rows)


@pytest.mark.parametrize("kind", ["vtt", "srt"])
def test_subtitles_lie_beside_the_video(place, kind):
    run(place, "film.mp4", *OPTIONS, "--subtitles", kind)
    text = (place / f"film.actions.{kind}").read_text()
    assert text.startswith("WEBVTT") is (kind == "vtt")
    assert "green" in text
    assert "-->" in text


def test_pictures_of_it(place):
    pytest.importorskip("PIL")
    run(place, "film.mp4", *OPTIONS, "--plot", "film.html", "--annotate", "seen.mp4")
    page = (place / "film.html").read_text()
    assert "green" in page
    assert "data:image/jpeg" in page
    with av.open(str(place / "film.mp4")) as film, av.open(str(place / "seen.mp4")) as seen:
        assert seen.streams.video[0].frames == film.streams.video[0].frames == 70
        assert seen.duration == film.duration
    for name in ("film.svg", "film.PNG"):
        run(place, "film.mp4", *OPTIONS, "--plot", name)
        assert (place / name).stat().st_size > 1000


@pytest.mark.parametrize("name", ["a.png", "A.PNG"])
def test_a_font_is_for_a_picture_however_its_ending_is_written(place, name):
    done = run(place, "film.mp4", "--plot", name, "--font", "x.ttf", status=2)
    assert "--font is for" not in done.stderr
    assert "x.ttf" in done.stderr


def test_a_program_is_run(place, tmp_path):
    out = tmp_path / "said"
    script = tmp_path / "tell.py"
    script.write_text(
        "import os\n"
        f"open({str(out)!r}, 'a').write(os.environ['MOVINET_EVENT'] + ' '\n"
        "    + os.environ['MOVINET_LABEL'] + '\\n')\n"
    )
    run(place, "film.mp4", *OPTIONS, "--on-event", f"{sys.executable} {script}")
    said = out.read_text().splitlines()
    assert {"begin green", "end green"} <= set(said)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("film.mp4", "film.mp4", "--plot", "a.html"), 2, "--plot is for one video, not for 2"),
        (("film.mp4", "--plot", "a.pdf"), 2, "a plot ends in .html, .svg or .png"),
        (("film.mp4", "--plot", "no/such/a.html"), 1, "no/such"),
        (("film.mp4", "--annotate", "film.mp4"), 2, "film.mp4"),
        (("test:1", "--annotate", "a.mp4"), 2, "test:1"),
        (("test:1", "--subtitles", "vtt"), 2, "--subtitles go beside a file, which test:1 is not"),
        (("film.mp4", "--events", "--font", "x.ttf"), 2, "--font is for --annotate"),
        (("film.mp4", "--annotate", "a.mp4", "--font", "x.ttf"), 2, "x.ttf"),
        (("film.mp4", "--on-event", "no-such-program"), 2, "there is no such program"),
        (("film.mp4", "--on-event", ""), 2, "--on-event is empty: name a program"),
        (("film.mp4", "--event-on", "0"), 2, "0.0 is not in the range 0<x<1"),
        (("film.mp4", "--events", "--background", "grey"), 2, "no label 'grey' for the background"),
    ],
)
def test_what_is_wrong_is_one_line(place, arguments, status, said):
    done = run(place, *arguments, status=status)
    lines = [line for line in done.stderr.splitlines() if "note:" not in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("movinet: error: ")
    assert said in lines[0]


@full_disk
def test_no_space_is_left(place):
    """On a device that is full nothing can be written, and it is said so."""
    done = run(place, "film.mp4", *OPTIONS, "--out", "/dev/full", status=1)
    assert "cannot write /dev/full: No space left on device" in done.stderr
