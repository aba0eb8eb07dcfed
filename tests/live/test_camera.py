"""`Camera`: what it is called, and what it is taken for."""

from __future__ import annotations

import pytest

from movinet.live import Camera
from movinet.live.camera import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://u:p@10.0.0.1:554/x", "rtsp://10.0.0.1:554/x"),
        ("rtsp://u:p@ss@10.0.0.1/x", "rtsp://10.0.0.1/x"),
        ("rtsp://admin:pa/ss@10.0.0.1/x", "rtsp://10.0.0.1/x"),
        ("rtsp://admin:pa?s#s@10.0.0.1/x", "rtsp://10.0.0.1/x"),
        ("rtsp://admin:pa ss@10.0.0.1/x", "rtsp://10.0.0.1/x"),
        ("rtsp://token@[::1]/x", "rtsp://[::1]/x"),
        ("rtsp://host/user=admin&password=hunter2", "rtsp://host/user=***&password=***"),
        ("rtsp://host/user=me_password=hunter2_channel=1", "rtsp://host/user=***"),
        ("http://host/v?usr=me&PWD=hunter2&size=1", "http://host/v?usr=***&PWD=***&size=1"),
        ("http://host/v?size=1&access_token=a:b", "http://host/v?size=1&access_token=***"),
        ("http://u:p@host/v?pass=hunter2", "http://host/v?pass=***"),
        ("http://host/v?size=1", "http://host/v?size=1"),
        ("test:5", "test:5"),
    ],
)
def test_passwords_are_not_shown(address, shown):
    assert without_password(address) == shown
    said = without_password(f"cannot read {address}: Connection refused")
    assert said == f"cannot read {shown}: Connection refused"


@pytest.mark.parametrize("source", ["camera:77", "/dev/video77"])
def test_a_camera_that_is_not_plugged_in_is_no_file(source):
    camera = Camera("door", source)
    assert not camera.is_file
    assert camera.endless
