"""`open_source`: files by any name, whatever else gives frames, and options."""

from __future__ import annotations

import os
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from frames.kinds import ALL, COUNT
from frames.refusal import refusal
from frames.videos import (
    number_of,
    numbered,
    numbers_of,
    paint,
    write_audio,
    write_image,
    write_video,
)
from movinet.errors import SourceError, UsageError
from movinet.frames import open_source

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")


# Files.

NAMES = [
    "plain.mp4",
    "with space.mp4",
    "'quoted' \"twice\".mp4",
    "12:30:00.mp4",
    "http:.mp4",
    "pipe:0.mp4",
    "100%.mp4",
    "%03d.mp4",
    "[1].mp4",
    "star*?.mp4",
    "a#b&c;d$e~.mp4",
    "back\\slash.mp4",
    "-dash.mp4",
    "춤추는 사람.mp4",
    "🎬.mp4",
    "no ending",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_taken_as_they_are(tmp_path, monkeypatch, videos, name):
    path = tmp_path / name
    path.write_bytes((videos / "a.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    for spec in (name, path, str(path)):
        with open_source(spec) as source:
            assert numbers_of(source) == ALL
            assert source.name == str(spec)


@on_linux
def test_a_name_need_not_be_utf_8(tmp_path, videos):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4")
    Path(path).write_bytes((videos / "a.mp4").read_bytes())
    assert numbers_of(open_source(path)) == ALL


def test_rate_start_and_end_reach_the_file(videos):
    source = open_source(videos / "a.mp4", fps=5, start=0.5, end=Fraction(3, 2))
    assert numbered(source) == [(n, Fraction(n, 30)) for n in range(15, 45, 6)]
    assert numbers_of(open_source(str(videos / "a.mp4"), fps=7.5)) == list(range(0, COUNT, 4))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["a.ts", "a.flv", "a.gif"])
def test_a_named_pipe_is_read_once_from_its_beginning(tmp_path, videos, name):
    os.mkfifo(tmp_path / "pipe")
    content = (videos / name).read_bytes()
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(content))
    writer.start()
    with open_source(tmp_path / "pipe", start=1) as source:
        numbers = numbers_of(source)
    writer.join(10)
    assert numbers == ALL[25 if name == "a.gif" else 30 :]


# Bad files.


@pytest.mark.parametrize("name", ["none.mp4", "none [1].mp4", "no folder/none.mp4", "%d.mp4", ""])
def test_a_file_that_is_not_there(name):
    reason = "no file has such a name" if "[" in name else "no such file"
    assert refusal(name) == f"cannot read {name}: {reason}"


def test_a_folder_that_is_a_file(videos):
    assert refusal(videos / "a.mp4" / "b.mp4").endswith(": Not a directory")


def test_a_name_that_no_file_can_have():
    assert refusal("a" * 5000).endswith(": File name too long")
    assert refusal("[a]" * 5000, SourceError).endswith(": no file has such a name")
    assert refusal("a\0b.mp4").startswith("cannot read a\0b.mp4: ")


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert refusal(path) == f"cannot read {path}: the file is empty"


@pytest.mark.parametrize("name", ["text.mp4", "text.avi", "text.mkv", "text.ts", "text"])
def test_a_text_file(tmp_path, name):
    path = tmp_path / name
    path.write_text("This is no video.\n" * 50)
    assert refusal(path) == f"cannot read {path}: not a video, or damaged beyond reading"


@pytest.mark.parametrize("behind", [4, -200, -4, 0, 40])
def test_an_mp4_whose_index_is_gone(tmp_path, videos, behind):
    path = tmp_path / "cut.mp4"
    content = (videos / "a.mp4").read_bytes()
    path.write_bytes(content[: content.index(b"moov") + behind])
    assert refusal(path).startswith(f"cannot read {path}: not a video")


def test_sound_alone(tmp_path):
    path = write_audio(tmp_path / "a.m4a")
    assert refusal(path) == f"cannot read {path}: not a video (no video stream)"


def test_a_file_that_may_not_be_read(tmp_path, videos, monkeypatch):
    path = tmp_path / "secret.mp4"
    path.write_bytes((videos / "a.mp4").read_bytes())
    path.chmod(0)
    if ROOT:  # to whom everything is allowed
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert refusal(path) == f"cannot read {path}: no permission to read it"


def test_a_folder_without_anything(tmp_path):
    (tmp_path / "notes.txt").touch()
    assert refusal(tmp_path) == f"cannot read {tmp_path}: a folder without images or videos"


def test_a_folder_of_videos(videos):
    assert refusal(videos) == f"cannot read {videos}: a folder with videos: open each by itself"


def test_a_folder_that_may_not_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert refusal(tmp_path, source_fps=1) == f"cannot read {tmp_path}: Permission denied"


def test_a_video_without_frames_gives_none(tmp_path):
    path = write_video(tmp_path / "none.avi", 0)
    with open_source(path) as source:
        assert list(source) == []


def test_one_pixel_is_a_video(tmp_path):
    pixel = np.full((1, 1, 3), 90, np.uint8)
    path = write_video(tmp_path / "pixel.avi", [pixel] * 2, codec="mjpeg", size=(1, 1))
    assert [frame.image.shape for frame in open_source(path)] == [(1, 1, 3)] * 2


# Everything else.


def test_a_folder_of_images_reaches_the_images(tmp_path):
    for number in range(12):
        write_image(tmp_path / f"{number}.jpg", number)
    with open_source(tmp_path, source_fps=6, fps=2, start=1, end=1.5) as source:
        assert numbered(source) == [(6, 1)]
    assert numbers_of(open_source(f"{tmp_path}/1*.jpg", source_fps=6)) == [1, 10, 11]


def test_an_iterable_of_arrays_reaches_the_arrays():
    images = [paint(number) for number in range(20)]
    assert numbers_of(open_source(iter(images), source_fps=10, fps=5)) == list(range(0, 20, 2))
    timed = [(image, number / 10) for number, image in enumerate(images)]
    assert numbers_of(open_source(timed, fps=5, start=0.5, end=1)) == [5, 7, 9]


def test_a_source_is_given_back_as_it_is():
    source = open_source([paint(0)])
    assert open_source(source) is source
    assert open_source(source, fps=5) is source


@pytest.mark.parametrize("option", ["source_fps", "start", "end"])
def test_a_source_that_is_open_cannot_be_changed(option):
    source = open_source([paint(0)])
    assert "is open already" in refusal(source, UsageError, **{option: 5})


@pytest.mark.parametrize("spec", [None, 3.5, object()])
def test_what_gives_no_frames(spec):
    message = refusal(spec, UsageError)
    assert message == f"cannot read frames from a {type(spec).__name__}"


@pytest.mark.parametrize("option", ["fps", "source_fps"])
@pytest.mark.parametrize("rate", [0, -1, 1000.001, Fraction(0), 1e-9])
def test_a_rate_that_makes_no_sense(option, rate):
    message = refusal([], UsageError, **{option: rate})
    assert message.startswith(f"{option} must be above 0 and at most 1000, not ")


@pytest.mark.parametrize("option", ["fps", "source_fps", "start", "end"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "5"])
def test_a_rate_or_time_that_is_no_number(option, value):
    assert "number of seconds" in refusal([], UsageError, **{option: value})


@pytest.mark.parametrize("option", ["start", "end"])
def test_a_time_before_the_beginning(option):
    message = refusal("none.mp4", UsageError, **{option: -0.5})
    assert message == f"the {option} must not be before the beginning, not -0.5 s"


@pytest.mark.parametrize("times", [{"end": 0}, {"start": 2, "end": 2}, {"start": 2, "end": 1.5}])
def test_an_end_that_is_not_after_the_start(times):
    end = f"{times['end']:g}"
    assert refusal("a", UsageError, **times) == f"the end ({end} s) must be after the start"


def test_the_highest_rate_takes_every_frame(videos):
    assert [number_of(f.image) for f in open_source(videos / "a.mp4", fps=1000)] == ALL
