"""What is no video is refused in one line."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from frames.stumbling import Stumbling
from frames.videos import write_audio, write_video
from movinet.errors import SourceError
from movinet.frames.container import ContainerSource

pytestmark = pytest.mark.usefixtures("quiet")


def refusal(path):
    with pytest.raises(SourceError) as caught:
        ContainerSource("the file", str(path))
    message = str(caught.value)
    assert message.startswith("cannot read the file: ")
    assert "\n" not in message
    return message.removeprefix("cannot read the file: ")


def test_sound_alone_is_no_video(tmp_path):
    assert refusal(write_audio(tmp_path / "a.m4a")) == "not a video (no video stream)"


def test_a_picture_on_a_sleeve_is_no_video(tmp_path):
    path = write_audio(tmp_path / "a.mp3", cover=True)
    with av.open(str(path)) as opened:
        assert len(opened.streams.video) == 1
    assert refusal(path) == "not a video (no video stream)"


def test_a_kind_of_video_that_nobody_knows(tmp_path):
    path = write_video(tmp_path / "a.mp4", 3)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    assert refusal(path) == "no decoder for its kind of video"


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "none.mp4") == "no such file"


@pytest.mark.parametrize("name", ["none.mkv", "none.mp4", "none.mov"])
def test_a_video_without_frames_is_none(tmp_path, name):
    assert refusal(write_video(tmp_path / name, 0)).startswith("not a video")


def test_a_video_without_frames_that_looks_like_one_gives_none(tmp_path):
    path = write_video(tmp_path / "none.avi", 0)
    for fps in (None, Fraction(5)):
        with ContainerSource("none", str(path), fps=fps) as source:
            assert list(source) == []


def test_the_file_is_closed_when_it_is_no_video(tmp_path, monkeypatch):
    closed = []
    pick = ContainerSource._pick_stream

    def watched(source):
        opened = source._container
        source._container = Stumbling(opened, {})
        source._container.close = lambda: closed.append(opened.close())
        return pick(source)

    monkeypatch.setattr(ContainerSource, "_pick_stream", watched)
    refusal(write_audio(tmp_path / "a.m4a"))
    assert closed == [None]
