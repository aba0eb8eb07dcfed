from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest

from frames.videos import numbered, numbers_of, paint, write_image, write_video
from movinet.errors import SourceError, UsageError
from movinet.frames import images, open_source

NAMES = [
    "with space.png",
    "'quoted' \"twice\".png",
    "12:30.png",
    "100%.png",
    "frame%03d.png",
    "frame%03d.jpg",
    "[1].png",
    "star*?.png",
    "춤 🎬.png",
    "UPPER.PNG",
    "-.png",
]


@pytest.fixture
def folder(tmp_path):
    """Twenty images whose alphabetical order is not that of their numbers."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(20):
        write_image(folder / f"f{number}.png", number)
    (folder / "notes.txt").write_text("not an image")
    return folder


def test_a_folder_of_images_is_a_video(folder):
    source = open_source(folder, source_fps=10)
    assert source.duration == 2
    assert source.name == str(folder)
    frames = list(source)
    assert numbered(frames) == [(n, Fraction(n, 10)) for n in range(20)]
    assert [frame.index for frame in frames] == list(range(20))
    assert all(frame.image.dtype == np.uint8 for frame in frames)


def test_times_are_exact(folder):
    frames = list(open_source(folder, source_fps=Fraction(30_000, 1001)))
    assert frames[19].time == Fraction(19 * 1001, 30_000)


def test_a_glob_of_images_is_a_video(folder):
    assert numbers_of(open_source(f"{folder}/f1*.png", source_fps=10)) == [1, *range(10, 20)]
    assert numbers_of(open_source(f"{folder.parent}/**/f?.png", source_fps=10)) == [*range(10)]
    assert numbers_of(open_source(f"{folder}/f[3-5].*", source_fps=10)) == [3, 4, 5]


def test_sampling_start_and_end(folder):
    def numbers(**options):
        return numbers_of(open_source(folder, source_fps=10, **options))

    assert numbers(fps=5) == list(range(0, 20, 2))
    assert numbers(fps=3) == [0, 4, 7, 10, 14, 17]
    assert numbers(start=0.5, end=1.5) == list(range(5, 15))
    assert numbers(start=0.55, fps=5) == list(range(6, 20, 2))
    assert numbers(start=5) == []


def test_images_that_are_not_taken_are_not_opened(folder, monkeypatch):
    opened = []
    real = images.av.open
    monkeypatch.setattr(images.av, "open", lambda path: opened.append(path) or real(path))
    assert len(list(open_source(folder, source_fps=10, fps=2, start=0.5))) == 3
    assert len(opened) == 3


def test_an_image_that_cannot_be_read_is_left_out_and_counted(folder):
    (folder / "f6.png").write_text("not an image")
    (folder / "f7.png").write_bytes(b"")
    png = (folder / "f8.png").read_bytes()
    (folder / "f8.png").write_bytes(png[:40])
    source = open_source(folder, source_fps=10)
    assert numbers_of(source) == [n for n in range(20) if n not in (6, 7, 8)]
    assert source.damaged_packets == 3


def test_an_image_that_cannot_be_read_leaves_its_interval_to_the_next(folder):
    (folder / "f0.png").write_text("not an image")
    (folder / "f6.png").write_text("not an image")
    source = open_source(folder, source_fps=10, fps=2)
    # The intervals count from the first that was there.
    assert numbered(source) == [(n, Fraction(n, 10)) for n in (1, 7, 11, 16)]
    assert source.damaged_packets == 2


def test_an_image_that_goes_away_is_counted(folder):
    source = open_source(folder, source_fps=10)
    (folder / "f3.png").unlink()
    assert len(list(source)) == 19
    assert source.damaged_packets == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
def test_names_are_taken_as_they_are(tmp_path, monkeypatch, name, relative):
    plain = write_image(tmp_path / ("a" + name[-4:].lower()), 9)
    plain.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    source = open_source("." if relative else tmp_path, source_fps=1)
    assert numbers_of(source) == [9]
    if relative:
        assert numbers_of(images.ImageSource("one", [name], source_fps=Fraction(1))) == [9]


def test_sizes_and_formats_may_change_on_the_way(tmp_path):
    write_image(tmp_path / "1.png", 1)
    write_image(tmp_path / "2.jpg", 2, size=(128, 96))
    write_image(tmp_path / "3.jpeg", 3, size=(32, 24))
    frames = list(open_source(tmp_path, source_fps=1))
    assert numbers_of(frames) == [1, 2, 3]
    assert [frame.image.shape[:2] for frame in frames] == [(48, 64), (96, 128), (24, 32)]


def test_a_picture_is_turned_as_a_phone_says(tmp_path):
    lying = np.rot90(paint(321), 1)
    path = write_video(
        tmp_path / "a.jpg",
        [lying],
        codec="mjpeg",
        size=(lying.shape[1], lying.shape[0]),
        muxer="image2",
        muxing={"update": "1"},
    )
    content = path.read_bytes()
    # One entry: orientation 6, to be turned clockwise.
    entries = struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries
    marker = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    path.write_bytes(content[:2] + marker + content[2:])
    (frame,) = open_source(tmp_path, source_fps=1)
    assert numbers_of([frame]) == [321]
    assert frame.image.shape == (48, 64, 3)


def test_how_many_a_second_must_be_said(folder):
    with pytest.raises(UsageError) as caught:
        open_source(folder)
    assert "images have no times; say how many there are a second" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_glob_that_fits_nothing(tmp_path):
    with pytest.raises(SourceError, match="no file has such a name"):
        open_source(f"{tmp_path}/*.png", source_fps=1)


def test_a_glob_that_fits_no_image(tmp_path):
    (tmp_path / "notes.txt").write_text("not an image")
    with pytest.raises(SourceError, match="no file has such a name"):
        open_source(f"{tmp_path}/*", source_fps=1)
