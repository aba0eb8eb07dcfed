"""An annotated video in Chromium: it plays to its end, pictures and sound."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from kit.greyvideo import packets_of, write_grey
from kit.page import needs_page, run

pytest.importorskip("PIL")

from movinet.outputs.annotated import annotate

pytestmark = [
    *needs_page,
    pytest.mark.skipif(shutil.which("pulseaudio") is None, reason="PulseAudio is not installed"),
]


@pytest.fixture
def loudspeaker(tmp_path_factory, monkeypatch):
    """Chromium plays no sound, and no video that has one, where nothing takes it."""
    folder = tmp_path_factory.mktemp("sound")
    address = f"unix:{folder}/socket"
    for name in ("PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PULSE_SERVER", address)
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
    modules = ["module-null-sink", f"module-native-protocol-unix socket={folder}/socket"]
    for module in modules:
        command += ["--load", module]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    yield
    server.terminate()
    server.wait(10)


@pytest.mark.parametrize("sound", ["aac", None])
def test_it_plays(tmp_path, track, loudspeaker, sound):
    video = write_grey(tmp_path / "a.mp4", sound=sound)
    annotate(video, track, tmp_path / "seen by movinet.mp4")
    told = run("plays", folder=tmp_path, file="seen by movinet.mp4")
    assert told["error"] is None
    assert told["ended"]
    assert told["frames"] == 20
    assert told["duration"] == pytest.approx(2.0, abs=0.03)
    assert told["size"] == [320, 240]
    if sound is None:
        assert told["sound"] == 0
    else:
        _, packets = packets_of(video)
        assert told["sound"] == sum(len(data) for _, data in packets)
