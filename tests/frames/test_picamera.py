from __future__ import annotations

import sys
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest

from frames.videos import numbered, paint
from movinet.errors import SourceError, UsageError
from movinet.frames import open_source

BOOTED = 5_000_000_000_000  # nanoseconds on the camera's clock when it begins


class Camera:
    """As much of picamera2 as is used, with a frame each 1/30 s."""

    instances: list[Camera]
    stamps: list[int | None]

    def __init__(self):
        self.log = []
        self.held = 0
        self.instances.append(self)

    def create_video_configuration(self, **settings):
        return settings

    def configure(self, settings):
        self.log.append(settings)

    def start(self):
        self.log.append("start")

    def stop(self):
        self.log.append("stop")

    def close(self):
        self.log.append("close")

    def capture_request(self):
        self.held += 1
        return Request(self, self.stamps.pop(0))


class Request:
    def __init__(self, camera, stamp):
        self._camera = camera
        self._stamp = stamp
        self._number = round((stamp - BOOTED) * 30 / 1e9) if stamp is not None else 999

    def get_metadata(self):
        return {} if self._stamp is None else {"SensorTimestamp": self._stamp}

    def make_array(self, name):
        assert name == "main"
        return paint(self._number)

    def release(self):
        self._camera.held -= 1


@pytest.fixture
def camera(monkeypatch):
    class Own(Camera):
        instances: list[Camera] = []  # noqa: RUF012
        stamps = [BOOTED + n * 1_000_000_000 // 30 for n in range(100)]  # noqa: RUF012

    module = ModuleType("picamera2")
    module.Picamera2 = Own
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return Own


def test_frames_come_at_the_sensors_times_counted_from_the_first(camera):
    source = open_source("picamera", end=0.5)
    assert source.live
    assert source.duration is None
    frames = list(source)
    assert numbered(frames) == [(n, Fraction(n * 1_000_000_000 // 30, 10**9)) for n in range(15)]
    assert [frame.index for frame in frames] == list(range(15))
    assert frames[0].image.shape == (48, 64, 3)


def test_only_as_many_frames_are_given_as_are_wanted(camera):
    frames = numbered(open_source("picamera", fps=5, end=1))
    assert frames == [(n, Fraction(n, 30)) for n in (0, 6, 12, 18, 24)]


def test_the_order_of_colours_is_that_of_memory(camera):
    open_source("picamera")
    (made,) = camera.instances
    # picamera2's "BGR888" is red, green, blue in memory.
    assert made.log[0]["main"]["format"] == "BGR888"
    assert made.log[1] == "start"


def test_no_request_is_kept(camera):
    frames = iter(open_source("picamera", fps=10, end=1))
    for _ in range(4):
        next(frames)
        assert camera.instances[0].held == 0
    assert len(list(frames)) == 6
    assert camera.instances[0].held == 0


def test_a_request_is_given_back_even_when_its_picture_is_of_no_use(camera, monkeypatch):
    monkeypatch.setattr(Request, "make_array", lambda self, name: np.zeros((4, 4), np.uint8))
    with pytest.raises(UsageError, match="a frame must be"):
        next(iter(open_source("picamera")))
    assert camera.instances[0].held == 0


def test_stamps_that_go_back_are_mended_and_counted(camera):
    camera.stamps[2] = BOOTED
    source = open_source("picamera", end=0.2)
    times = [frame.time for frame in source]
    assert times == sorted(set(times))
    assert source.mended_times == 1


def test_closing_stops_the_camera(camera):
    with open_source("picamera") as source:
        next(iter(source))
    assert camera.instances[0].log[-2:] == ["stop", "close"]


def test_without_picamera2_it_is_said_where_it_comes_from(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError) as caught:
        open_source("picamera")
    message = str(caught.value)
    assert message.startswith("cannot read picamera: picamera2 is not here")
    assert "apt install python3-picamera2" in message
    assert "--system-site-packages" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "error", [RuntimeError("Camera __init__ sequence did not complete."), IndexError("list index")]
)
def test_a_camera_that_is_not_there_or_busy(camera, monkeypatch, error):
    def refuse(self):
        raise error

    monkeypatch.setattr(camera, "start", refuse)
    with pytest.raises(SourceError, match=f"^cannot read picamera: {error}$"):
        open_source("picamera")
