"""Videos that are written once, and what is watched while they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from frames.kinds import COUNT, KINDS, Kind
from frames.videos import B_FRAMES, write_video
from movinet.frames import container
from movinet.frames.container import ContainerSource


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A function that gives the path of a video of some kind, written once."""
    folder = tmp_path_factory.mktemp("kinds")

    def write(kind: Kind) -> Path:
        path = folder / kind.name
        return path if path.exists() else write_video(path, COUNT, **kind.options)

    return write


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def video(request, written):
    return written(request.param)


@pytest.fixture
def b_frames(written):
    return written(KINDS[0])


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    """A folder with the same frames in several containers."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("a.mp4", "a.mkv", "a.ts", "a.flv"):
        write_video(folder / name, COUNT, options=B_FRAMES)
    write_video(folder / "a.gif", COUNT, codec="gif", rate=25)
    return folder


@pytest.fixture
def quiet(capfd):
    """FFmpeg has a lot to say of a bad file; none of it may reach the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


class Counting:
    """How many packets are decoded, pictures shown and pictures converted."""

    def __init__(self, monkeypatch):
        self.packets = self.pictures = self.images = 0
        decode, convert = ContainerSource._decode, container.upright_image

        def counted_decode(source, packet, selector):
            self.packets += packet.size > 0
            for picture in decode(source, packet, selector):
                self.pictures += 1
                yield picture

        def counted_convert(picture, orientation):
            self.images += 1
            return convert(picture, orientation)

        monkeypatch.setattr(ContainerSource, "_decode", counted_decode)
        monkeypatch.setattr(container, "upright_image", counted_convert)


@pytest.fixture
def counting(monkeypatch):
    return Counting(monkeypatch)


@pytest.fixture
def opened(monkeypatch):
    """What the container is asked for, instead of a container."""
    calls = []

    class Recorder(ContainerSource):
        def __init__(self, name, target, **options):
            calls.append({"name": name, "target": target, **options})

        def __iter__(self):
            return iter(())

        def close(self):
            pass

    monkeypatch.setattr(container, "ContainerSource", Recorder)
    return calls
