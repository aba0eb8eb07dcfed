"""What a command writes is never what it reads, and never two things at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.archive import write_archive
from kit.tiny_model import TinyModel
from movinet.cli.looks import Looks
from movinet.cli.targets import check_targets

LABELS = "red\nblue\ngreen\n"


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder with a model, its labels, a clip, and links to the clip."""
    (tmp_path / "m.tflite").write_bytes(TinyModel(classes=3).data)
    (tmp_path / "labels.txt").write_text(LABELS)
    (tmp_path / "list.txt").write_text("film.mp4\n")
    write_archive(tmp_path, ["film"])
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.mp4").symlink_to("film.mp4")
    (tmp_path / "hard.mp4").hardlink_to(tmp_path / "film.mp4")
    return tmp_path


def content(place: Path) -> dict[str, bytes | None]:
    return {
        path.name: path.read_bytes() if path.is_file() else None
        for path in sorted(place.rglob("*"))
    }


def refused(place: Path, verb: str, *arguments: str, status: int = 2, **options) -> str:
    """The one line of a command that changed nothing."""
    before = content(place)
    command = [sys.executable, "-m", "movinet", verb, *arguments]
    command += ["--model", "m.tflite", "--labels", "labels.txt"]
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False, timeout=50, **options
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert content(place) == before
    assert line.startswith("movinet: error: ")
    return line.removeprefix("movinet: error: ")


@pytest.mark.parametrize("option", ["--out", "--embeddings"])
@pytest.mark.parametrize("name", ["film.mp4", "sub/../film.mp4", "link.mp4", "hard.mp4"])
def test_the_video_is_not_written_over(place, option, name):
    assert refused(place, "classify", "film.mp4", option, name) == (
        f"cannot write {name}: it is the video itself; name another file"
    )


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("film.mp4", "--out", "m.tflite"), "the model"),
        (("film.mp4", "--embeddings", "labels.txt"), "the list of labels"),
        (("--list", "list.txt", "--out", "list.txt"), "the list of videos"),
        (("--list", "list.txt", "--out", "film.mp4"), "the video"),
        (("link.mp4", "--out", "film.mp4"), "the video"),
        (("*.mp4", "--out", "film.mp4"), "the video"),
        ((".", "--jobs", "2", "--out", "film.mp4"), "the video"),
        (("film.mp4", "--jobs", "2", "--embeddings", "film.mp4"), "the video"),
        (("film.mp4", "--annotate", "film.mp4"), "the video"),
    ],
)
def test_nor_is_anything_else_that_is_read(place, arguments, what):
    assert f": it is {what} itself; name another file" in refused(place, "classify", *arguments)


def test_nor_what_standard_input_is(place):
    with (place / "film.mp4").open("rb") as film:
        said = refused(place, "classify", "-", "--out", "film.mp4", stdin=film)
    assert said == "cannot write film.mp4: it is the video itself; name another file"


def test_nor_an_image_of_a_folder(place):
    (place / "shots").mkdir()
    for number in range(2):
        (place / "shots" / f"{number}.png").write_bytes(b"a picture")
    for images in ("shots", "shots/*.png"):
        said = refused(place, "classify", images, "--source-fps", "5", "--out", "shots/1.png")
        assert said == "cannot write shots/1.png: it is the video itself; name another file"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("film.mp4", "the video"),
        ("link.mp4", "the video"),
        ("m.tflite", "the model"),
        ("cameras.toml", "the file of cameras"),
    ],
)
def test_nor_what_is_watched_live(place, name, what):
    (place / "cameras.toml").write_text('[[camera]]\nname = "a"\nsource = "test:"\n')
    arguments = ("--source", "film.mp4", "--realtime", "--config", "cameras.toml")
    said = refused(place, "live", *arguments, "--out", name)
    assert said == f"cannot write {name}: it is {what} itself; name another file"


@pytest.mark.parametrize(
    ("verb", "option", "name"),
    [("evaluate", "--report", "linked.html"), ("benchmark", "--plot", "linked.svg")],
)
def test_nor_what_a_model_is_judged_by(place, verb, option, name):
    (place / "data.csv").write_text("film.mp4,red\n")
    for of, what in (("film.mp4", "a clip"), ("data.csv", "the data"), ("m.tflite", "a model")):
        (place / name).unlink(missing_ok=True)
        (place / name).hardlink_to(place / of)
        data = ("data.csv",) if verb == "evaluate" else ("--data", "data.csv")
        said = refused(place, verb, *data, option, name)
        assert said == f"cannot write {name}: it is {what} itself; name another file"


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("--out", "--plot", "p.html"),
        ("--out", "--embeddings", "e.csv"),
        ("--out", "--annotate", "k.mp4"),
        ("--embeddings", "--plot", "p.svg"),
    ],
)
def test_two_outputs_in_one_file(place, first, second, name):
    said = refused(place, "classify", "film.mp4", second, f"sub/../{name}", first, name)
    assert said.startswith(f"{first} and {second} both write ")
    assert said.endswith(f"{name}: name another file for one of them")


@pytest.mark.parametrize(
    ("option", "ending"),
    [("--out", "csv"), ("--embeddings", "npy"), ("--plot", "html"), ("--annotate", "mp4")],
)
def test_where_nothing_can_be_written(place, option, ending):
    """It is said before the video is read, which here is none."""
    if option == "--annotate":
        pytest.importorskip("PIL")
    (place / "film.mp4").write_bytes(b"not a video")
    said = refused(place, "classify", "film.mp4", option, f"no/x.{ending}", status=1)
    assert said == f"cannot write no/x.{ending}: there is no folder no"
    name = f"{'x' * 300}.{ending}"
    said = refused(place, "classify", "film.mp4", option, name, status=1)
    assert said == f"cannot write {name}: File name too long"


def test_an_output_where_subtitles_will_be(place):
    name = "film.actions.vtt"
    said = refused(place, "classify", "film.mp4", "--subtitles", "vtt", "--out", name)
    assert said == f"--out and --subtitles both write {name}: name another file for one of them"


@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")])
def test_two_videos_with_one_name_for_their_subtitles(place, jobs):
    write_archive(place / "sub", ["a"])
    (place / "sub" / "a.mkv").write_bytes((place / "sub" / "a.mp4").read_bytes())
    assert refused(place, "classify", "sub", "--subtitles", "vtt", *jobs) == (
        "sub/a.mkv and sub/a.mp4 would have the same subtitles, sub/a.actions.vtt: rename one of "
        "them, or leave it out"
    )


def test_a_video_that_is_named_twice_has_its_subtitles(place):
    videos = [str(place / name) for name in ("film.mp4", "sub/../film.mp4", "link.mp4")]
    Looks(subtitles="vtt", plot=None, annotate=None, font=None).check(videos)
    (place / "link.mkv").symlink_to("film.mp4")
    (place / "film.mkv").symlink_to("film.mp4")
    videos += [str(place / name) for name in ("link.mkv", "film.mkv")]
    Looks(subtitles="vtt", plot=None, annotate=None, font=None).check(videos)


def test_one_device_may_be_two_outputs():
    check_targets([("--out", os.devnull), ("--embeddings", os.devnull)], [("the video", "-")])


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc here")  # noqa: PTH112
def test_many_processes_need_a_file_for_their_journal(place):
    """As /dev/stdout is none."""
    (place / "stdout").symlink_to("/proc/self/fd/1")
    said = refused(place, "classify", "film.mp4", "--jobs", "2", "--out", "stdout")
    assert said == (
        "cannot write stdout: many processes keep a journal beside their results, which must be a "
        "file; leave --out out for standard output"
    )
