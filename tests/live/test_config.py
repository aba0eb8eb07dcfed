"""`read_cameras`: what a file of cameras may say, and how it is told what it may not."""

from __future__ import annotations

import pytest

from movinet.errors import UsageError
from movinet.live import Camera, Region, read_cameras
from movinet.live.watch import check_names
from movinet.stream import EventOptions

EVENTS = EventOptions(on=0.6, off=0.2)


def read(tmp_path, text: str) -> list[Camera]:
    path = tmp_path / "cameras.toml"
    path.write_text(text, encoding="utf-8")
    return read_cameras(path, EVENTS)


def test_one_that_begins_low_ends_low(tmp_path):
    low, refused = '[[camera]]\nsource = "test:"\non = 0.1\n', "off = 0.2\n"
    (camera,) = read(tmp_path, low)
    assert camera.events == EventOptions(on=0.1, off=0.1)
    with pytest.raises(UsageError, match=r"line 4: off must be from 0 to on \(0\.1\), not 0\.2"):
        read(tmp_path, low + refused)


def test_all_that_may_be_said(tmp_path):
    cameras = read(
        tmp_path,
        """
        [[camera]]
        name = "door"
        source = "rtsp://user:secret@door/1"
        region = [0.25, 0, 0.5, 1]
        on = 0.4
        minimum = 2
        background = ["standing"]
        on_event = "ring --twice"

        [[camera]]
        source = "rtsp://user:secret@yard/1"

        [[camera]]
        name = "film"
        source = "film.mp4"
        realtime = true
        loop = true
        """,
    )
    door, yard, film = cameras
    assert door.region == Region(0.25, 0, 0.5, 1)
    assert door.events == EventOptions(on=0.4, off=0.2, minimum=2, background=("standing",))
    assert door.on_event == "ring --twice"
    # Nobody's password is on a screen.
    assert yard == Camera("rtsp://yard/1", "rtsp://user:secret@yard/1")
    assert film == Camera("film", "film.mp4", realtime=True, loop=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has no [[camera]]"),
        ("\n[camera]\nsource = 'test:'", "line 2: it has no [[camera]]"),
        ("# none\ncamera = []", "line 2: it has no [[camera]]"),
        ("# none\n\n[camera.x]\nsource = 'test:'", "line 3: it has no [[camera]]"),
        ("[[camera]]\nsource = 'test:'\n[camera.x]\non = 1", "line 3: unknown 'x'"),
        ("# all\ncamera = [{source = 'test:', sorce = 'x'}]", "line 2: unknown 'sorce'"),
        ("[[camera]]\nsource = 'test:'\n\n[[camera]]\nname = 'x'", "line 4: the camera has no"),
        ("[[camera]]\nsource = 'test:'\non = 0.5\noff = 0.7\njoin = 1", "line 4: off must be"),
        ("[[camera]]\non = 0.5\nsource = 'test:'\ncool_down = -1", "line 4: cool-down must"),
        ("[[camera]]\nsource = \n", "line 2"),
        ("model = 'x'\n[[camera]]\nsource = 'test:'", "line 1: unknown 'model'"),
        ("[[camera]]\nsource = 'test:'\n\nsorce = 'x'", "line 4: unknown 'sorce': use some of"),
        ("[[camera]]\nname = 'x'", "line 1: the camera has no source: add source ="),
        (
            "[[camera]]\nsource = 'test:'\n[[camera]]\nname = 'x'",
            "line 3: the camera has no source",
        ),
        ("[[camera]]\nsource = 5", "line 2: source must be a text"),
        ("[[camera]]\nsource = 'test:'\nloop = 'yes'", "line 3: loop must be true or false"),
        ("[[camera]]\nsource = 'test:'\non = 'high'", "line 3: on must be a number"),
        ("[[camera]]\nsource = 'test:'\non = 2.0", "line 3: on must be above 0"),
        ("[[camera]]\nsource = 'test:'\nregion = [1, 2]", "line 3: region must be [left, top,"),
        ("[[camera]]\nsource = 'test:'\nregion = [0, 0, 2, 1]", "line 3: a region is left"),
        ("[[camera]]\nsource = 'test:'\nbackground = 'x'", "line 3: background must be a list"),
        ("[[camera]]\nsource = 'film.mp4'", "line 2: film.mp4 is a file and no camera"),
    ],
)
def test_what_may_not_be_said(text, said, tmp_path):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert "cameras.toml" in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_cameras(tmp_path / "nothing.toml", EVENTS)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no UTF-8"):
        read_cameras(tmp_path / "bytes.toml", EVENTS)


def test_where_it_is_said(tmp_path):
    """For what only shows later to be wrong."""
    one, two = read(
        tmp_path,
        "[[camera]]\nsource = 'test:'\n\n[[camera]]\nsource = 'test:'\nname = 'two'\non = 0.6",
    )
    path = tmp_path / "cameras.toml"
    assert one.places == {"source": f"{path}, line 2", "name": f"{path}, line 2"}
    assert two.places["name"] == f"{path}, line 6"
    assert str(two.fault("on", UsageError("too high"))) == f"{path}, line 7: too high"
    assert str(two.fault("region", UsageError("too small"))) == "too small"


def test_two_of_the_same_name(tmp_path):
    cameras = read(tmp_path, "[[camera]]\nsource = 'test:'\n[[camera]]\nsource = 'test:'\n")
    with pytest.raises(UsageError, match=r"cameras.toml, line 4: two cameras are called 'test:'"):
        check_names(cameras)
