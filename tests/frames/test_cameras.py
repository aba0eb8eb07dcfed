"""Cameras, and the test patterns that do in their place."""

from __future__ import annotations

import os
import sys
from fractions import Fraction

import pytest

from frames.refusal import refusal
from movinet.errors import SourceError, UsageError
from movinet.frames import container, open_source
from movinet.frames.container import ContainerSource

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="cameras have other names")


# Cameras.


@on_linux
@pytest.mark.parametrize("spec", ["/dev/video99", "camera:99", 99])
def test_a_camera_that_is_not_there(spec, capfd):
    message = refusal(spec)
    name = "camera:99" if spec == 99 else spec
    assert message == f"cannot read {name}: there is no camera at /dev/video99"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("spec", ["camera:", "camera:front", "camera:-1", -1])
def test_a_camera_that_makes_no_sense(spec):
    name = "camera:-1" if spec == -1 else spec
    assert refusal(spec, UsageError) == f"unknown camera {name}: use camera:0, camera:1, ..."


@pytest.mark.parametrize(
    ("spec", "platform", "target", "container_format"),
    [
        (0, "linux", "/dev/video0", "v4l2"),
        ("camera:12", "linux", "/dev/video12", "v4l2"),
        ("/dev/video3", "linux", "/dev/video3", "v4l2"),
        (1, "darwin", "1", "avfoundation"),
    ],
)
def test_cameras_are_live(opened, monkeypatch, spec, platform, target, container_format):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os.path, "exists", lambda path: path == target)
    open_source(spec, fps=5, end=3)
    (call,) = opened
    assert call["target"] == target
    assert call["container_format"] == container_format
    assert call["live"] is True
    assert call["fps"] == 5
    assert call["end"] == 3


@pytest.mark.parametrize("count", [0, 2])
def test_cameras_on_windows_are_found_by_number(opened, monkeypatch, count):
    import av

    class Device:
        name = "Integrated Camera"

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(av.device, "enumerate_input_devices", lambda _: [Device] * count)
    if count:
        open_source(1)
        assert opened[0]["target"] == "video=Integrated Camera"
        assert opened[0]["container_format"] == "dshow"
    else:
        assert refusal(1) == "cannot read camera:1: there are 0 cameras"


@on_linux
def test_a_camera_that_lacks_the_wished_format_may_choose(monkeypatch):
    asked = []

    class Picky(ContainerSource):
        def __init__(self, name, target, *, options=None, **others):
            asked.append((options, others["live"], others["fps"], others["end"]))
            if options:
                raise SourceError(f"cannot read {name}: Invalid argument")

    monkeypatch.setattr(container, "ContainerSource", Picky)
    monkeypatch.setattr(os.path, "exists", lambda _: True)
    assert isinstance(open_source(0, fps=5, end=9), Picky)
    first, second = asked
    assert first[0]["input_format"] == "mjpeg"
    assert second == (None, True, 5, 9)


# Test patterns.


def test_a_test_pattern_is_a_moving_picture(capfd):
    with open_source("test:1") as source:
        frames = list(source)
    assert [frame.time for frame in frames] == [Fraction(n, 30) for n in range(30)]
    assert frames[0].image.shape == (240, 320, 3)
    assert (frames[0].image != frames[15].image).any()
    assert capfd.readouterr() == ("", "")


def test_a_test_pattern_is_endless_unless_its_length_is_said():
    with open_source("test:", fps=10) as source:
        frames = iter(source)
        assert [next(frames).time for _ in range(40)] == [Fraction(n, 10) for n in range(40)]


def test_a_part_of_a_test_pattern():
    whole = [frame.image for frame in open_source("test:2")]
    part = list(open_source("test:2", fps=5, start=1, end=1.5))
    assert [frame.time for frame in part] == [1, Fraction(6, 5), Fraction(7, 5)]
    assert all((frame.image == whole[round(frame.time * 30)]).all() for frame in part)


@pytest.mark.parametrize("spec", ["test:long", "test:nan", "test:inf", "test:1:2"])
def test_a_test_pattern_of_no_known_length(spec):
    assert refusal(spec, UsageError) == f"unknown test pattern {spec}: use test: or test:SECONDS"


@pytest.mark.parametrize("seconds", ["0", "-1", "1e-9"])
def test_a_test_pattern_of_no_length(seconds):
    message = refusal(f"test:{seconds}", UsageError)
    assert message == f"a test pattern of {seconds} seconds has no frame"
