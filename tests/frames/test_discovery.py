from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.frames.discovery import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    expand,
    find_videos,
    has_magic,
    images_in,
    is_image,
    is_video,
    natural_order,
)

NAMES = st.lists(st.text("ab012 .-가٣", max_size=8))


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(paths, folder):
    return [str(Path(path).relative_to(folder)) for path in paths]


@pytest.mark.parametrize("suffix", sorted(VIDEO_SUFFIXES))
def test_videos_are_known_by_their_names(suffix):
    assert is_video(f"a{suffix}")
    assert is_video(Path(f"folder.txt/a{suffix.upper()}"))
    assert not is_image(f"a{suffix}")


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES))
def test_images_are_known_by_their_names(suffix):
    assert is_image(f"a{suffix}")
    assert is_image(Path(f"folder.txt/A{suffix.upper()}"))
    assert not is_video(f"a{suffix}")


@pytest.mark.parametrize("name", ["a.txt", "mp4", "a", "a.mp4.part", "png", "a.mp4/readme", ""])
def test_other_names_are_neither(name):
    assert not is_video(name)
    assert not is_image(name)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "mov", "webm", "gif", "ts", "m4v", "mpg"])
def test_what_people_call_videos(suffix):
    assert is_video(f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "bmp", "webp", "tif"])
def test_what_people_call_images(suffix):
    assert is_image(f"a.{suffix}")


@pytest.mark.parametrize("text", ["*.mp4", "clip?.mp4", "[ab].mp4", "**/a"])
def test_patterns(text):
    assert has_magic(text)


@pytest.mark.parametrize("text", ["a.mp4", "50%.mp4", "{a}.mp4", "춤!.mp4", "a]b", ""])
def test_plain_names(text):
    assert not has_magic(text)


def test_numbers_count():
    wanted = ["1.png", "2.png", "10.png", "a1b2", "a1b10", "a2b1", "a10", "b"]
    assert natural_order(reversed(wanted)) == wanted
    assert natural_order(["f010", "f9", "f0008"]) == ["f0008", "f9", "f010"]


@given(NAMES, st.randoms())
def test_an_order_is_one_whatever_order_the_names_come_in(some, random):
    ordered = natural_order(some)
    assert sorted(ordered) == sorted(some)
    shuffled = list(some)
    random.shuffle(shuffled)
    assert natural_order(shuffled) == ordered


@given(st.lists(st.integers(0, 10**12), unique=True))
def test_numbered_names_are_in_the_order_of_their_numbers(numbers):
    ordered = natural_order(f"frame {number}.png" for number in numbers)
    assert ordered == [f"frame {number}.png" for number in sorted(numbers)]


def test_images_in_a_folder(tmp_path):
    make(tmp_path, "f10.png", "f9.JPG", "notes.txt", "deep/f1.png")
    (tmp_path / "folder.png").mkdir()
    assert names(images_in(str(tmp_path)), tmp_path) == ["f9.JPG", "f10.png"]


def test_a_folder_with_videos_is_no_row_of_images(tmp_path):
    make(tmp_path, "f1.png", "f2.png", "clip.mp4")
    assert images_in(str(tmp_path)) == []


def test_an_image_that_links_to_itself_is_one_that_cannot_be_read(tmp_path):
    make(tmp_path, "f1.png", "f3.png")
    (tmp_path / "f2.png").symlink_to("f2.png")
    assert names(images_in(str(tmp_path)), tmp_path) == ["f1.png", "f2.png", "f3.png"]


def test_videos_in_a_folder_and_below(tmp_path):
    make(tmp_path, "10.mp4", "9.MKV", "a.png", "notes.txt", "b/2.mp4", "b/c/1.mp4", "a/1.avi")
    make(tmp_path, ".hidden.mp4", ".git/1.mp4")
    found = find_videos(str(tmp_path))
    assert names(found, tmp_path) == ["9.MKV", "10.mp4", "a/1.avi", "b/2.mp4", "b/c/1.mp4"]


def test_folders_are_gone_through_as_people_count(tmp_path):
    make(tmp_path, "take10/1.mp4", "take2/1.mp4")
    assert names(find_videos(str(tmp_path)), tmp_path) == ["take2/1.mp4", "take10/1.mp4"]


def test_a_folder_keeps_the_name_that_it_was_given(tmp_path, monkeypatch):
    make(tmp_path, "clips/1.mp4", "clips/b/1.mp4")
    monkeypatch.chdir(tmp_path)
    assert find_videos("clips") == ["clips/1.mp4", "clips/b/1.mp4"]
    assert find_videos("./clips") == ["./clips/1.mp4", "./clips/b/1.mp4"]


def test_a_link_that_leads_back_does_no_harm(tmp_path):
    make(tmp_path, "a/1.mp4")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert names(find_videos(str(tmp_path)), tmp_path) == ["a/1.mp4"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_only_files_and_links_to_them_are_videos(tmp_path):
    make(tmp_path, "a/1.mp4")
    os.mkfifo(tmp_path / "a" / "2.mp4")
    (tmp_path / "a" / "3.mp4").symlink_to(tmp_path / "a" / "1.mp4")
    (tmp_path / "a" / "4.mp4").symlink_to(tmp_path / "a" / "2.mp4")
    # What leads nowhere is no video either, but that is to be said.
    (tmp_path / "a" / "5.mp4").symlink_to(tmp_path / "none.mp4")
    (tmp_path / "a" / "6.mp4").symlink_to("6.mp4")
    found = names(find_videos(str(tmp_path)), tmp_path)
    assert found == ["a/1.mp4", "a/3.mp4", "a/5.mp4", "a/6.mp4"]


def test_a_folder_that_cannot_be_listed_is_said(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        find_videos(str(tmp_path / "none"))

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        find_videos(str(tmp_path))


def test_an_empty_folder_has_no_videos(tmp_path):
    assert find_videos(str(tmp_path)) == []


def test_globs_are_put_in_the_order_of_people(tmp_path, monkeypatch):
    make(tmp_path, "f10.png", "f9.png", "deep/er/f1.png", "춤.png")
    monkeypatch.chdir(tmp_path)
    assert expand("f*.png") == ["f9.png", "f10.png"]
    assert expand("**/*.png") == ["deep/er/f1.png", "f9.png", "f10.png", "춤.png"]
    assert expand("none*") == []
