from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import socket
import subprocess
import sys
import threading
import time
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from frames.videos import (
    B_FRAMES,
    number_of,
    numbered,
    numbers_of,
    paint,
    write_audio,
    write_image,
    write_video,
)
from kit import child
from movinet.errors import SourceError, UsageError
from movinet.frames import container, open_source, opening
from movinet.frames.container import ContainerSource

COUNT = 60
ALL = list(range(COUNT))
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="cameras have other names")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """A folder with the same frames in several containers."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("a.mp4", "a.mkv", "a.ts", "a.flv"):
        write_video(folder / name, COUNT, options=B_FRAMES)
    write_video(folder / "a.gif", COUNT, codec="gif", rate=25)
    return folder


def refusal(spec, kind=SourceError, **options):
    """What is said when `spec` is opened: one line."""
    with pytest.raises(kind) as caught:
        open_source(spec, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


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


# Standard input.

READ_STDIN = """
from frames.videos import numbers_of
from movinet.frames import open_source
import sys
start = float(sys.argv[1])
with open_source("-", start=start or None, fps=None) as source:
    assert source.name == "standard input"
    print(*numbers_of(source))
"""


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.flv", "a.mp4"])
@pytest.mark.parametrize("start", [0, 1])
def test_standard_input_from_a_file(videos, name, start):
    with (videos / name).open("rb") as file:
        done = child.python(READ_STDIN, str(start), stdin=file)
    assert done.stdout.decode().split() == [str(n) for n in ALL[30 * start :]]


@pytest.mark.parametrize(("name", "start"), [("a.ts", 0), ("a.mkv", 1), ("a.flv", 1), ("a.gif", 1)])
def test_standard_input_from_a_pipe(videos, name, start):
    done = child.python(READ_STDIN, str(start), input=(videos / name).read_bytes())
    rate = 25 if name == "a.gif" else 30
    assert done.stdout.decode().split() == [str(n) for n in ALL[rate * start :]]


def test_standard_input_of_this_process(videos, monkeypatch):
    with (videos / "a.mp4").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with open_source("-", fps=5) as source:
            assert numbers_of(source) == ALL[::6]


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 99])
def test_standard_input_that_is_no_video(tmp_path, monkeypatch, content):
    path = tmp_path / "input"
    path.write_bytes(content)
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert refusal("-").startswith("cannot read standard input: not a video")


def test_standard_input_that_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "cannot read standard input: it is closed"


# The web.


class Handler(BaseHTTPRequestHandler):
    """Gives files of a folder, with ranges or without, whole or in part."""

    def __init__(self, folder, ranges, part, *arguments):
        self._folder, self._ranges, self._part = folder, ranges, part
        super().__init__(*arguments)

    def do_GET(self):
        path = self._folder / self.path.strip("/").partition("?")[0]
        if not path.exists():
            self.send_error(404)
            return
        content = path.read_bytes()
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked and self._ranges else 0
        self.send_response(206 if asked and self._ranges else 200)
        self.send_header("Content-Length", str(len(content) - first))
        if self._ranges:
            self.send_header("Accept-Ranges", "bytes")
            whole = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", whole)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content[first : int(len(content) * self._part)])

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(videos):
    """A function that starts a web server and gives its address."""
    with contextlib.ExitStack() as stack:

        def start(ranges=True, part=1.0):
            handler = functools.partial(Handler, videos, ranges, part)
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            stack.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_file_on_a_web_server(serve, name):
    address = f"{serve()}/{name}"
    with open_source(address, fps=10) as source:
        assert source.name == address
        assert not source.live
        assert source.duration is not None
        assert numbers_of(source) == ALL[::3]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_start_on_a_web_server(serve, name):
    assert numbers_of(open_source(f"{serve()}/{name}?x=1", start=1)) == ALL[30:]


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.flv", "a.gif"])
def test_a_start_on_a_web_server_that_knows_no_ranges(serve, name):
    numbers = numbers_of(open_source(f"{serve(ranges=False)}/{name}", start=1))
    assert numbers == ALL[25 if name == "a.gif" else 30 :]


def test_a_web_server_that_stops_in_the_middle(serve):
    with open_source(f"{serve(part=0.6)}/a.ts") as source:
        numbers = numbers_of(frame for frame in source if frame.index < 25)
    assert numbers == ALL[:25]


def test_a_file_that_is_not_on_the_web_server(serve):
    assert "404 Not Found" in refusal(f"{serve()}/none.mp4")


def test_a_server_that_is_not_there():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        address = f"http://127.0.0.1:{held.getsockname()[1]}/a.mp4"
        assert refusal(address) == f"cannot read {address}: Connection refused"


def test_an_address_of_an_unknown_kind():
    message = refusal("gopher+tv://127.0.0.1/a.mp4")
    assert message == "cannot read gopher+tv://127.0.0.1/a.mp4: Protocol not found"


# Live streams.

SEND_OVER_TCP = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    connection, _ = server.accept()
    with connection, open(sys.argv[1], "rb") as file:
        connection.sendfile(file)
"""

SEND_OVER_UDP = """
import socket, sys, time
content = open(sys.argv[1], "rb").read()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    print("ready", flush=True)
    while True:
        for at in range(0, len(content), 1316):
            out.sendto(content[at : at + 1316], ("127.0.0.1", int(sys.argv[2])))
            time.sleep(0.001)
"""


@contextlib.contextmanager
def sender(code, *arguments):
    """A process that sends; gives the first line that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.kill()


@pytest.mark.timeout(30)
def test_a_transport_stream_over_tcp(videos):
    with (
        sender(SEND_OVER_TCP, videos / "a.ts") as port,
        open_source(f"tcp://127.0.0.1:{port}", fps=5) as source,
    ):
        assert source.live
        assert source.duration is None
        assert numbered(source) == [(n, Fraction(n, 30)) for n in ALL[::6]]


@pytest.mark.timeout(30)
def test_a_transport_stream_over_udp(tmp_path):
    path = write_video(tmp_path / "live.ts", 900, options={"g": "10", "bf": "0"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        sender(SEND_OVER_UDP, path, port),
        open_source(f"udp://127.0.0.1:{port}", fps=10) as source,
    ):
        assert source.live
        frames = [frame for frame, _ in zip(source, range(20), strict=False)]
    assert frames[0].time == 0
    steps = [
        (number_of(b.image) - number_of(a.image), b.time - a.time)
        for a, b in itertools.pairwise(frames)
    ]
    # All but one that the sender's new beginning may come between.
    assert steps.count((3, Fraction(1, 10))) >= 18


@pytest.mark.timeout(30)
def test_nobody_sends(monkeypatch):
    monkeypatch.setattr(opening, "_OPEN_SECONDS", 0.3)
    monkeypatch.setattr(opening, "_READ_SECONDS", 0.3)
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refusal(f"udp://127.0.0.1:{port}").startswith(f"cannot read udp://127.0.0.1:{port}: ")
    assert time.monotonic() - began < 5


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


@pytest.mark.parametrize(
    ("address", "live"),
    [
        ("rtsp://camera/1", True),
        ("RTSP://camera/1", True),
        ("rtmp://camera/1", True),
        ("udp://239.0.0.1:1234", True),
        ("srt://camera:1", True),
        ("tcp://camera:1", True),
        ("http://camera/a.mp4", False),
        ("https://camera/a.m3u8", False),
    ],
)
def test_which_addresses_are_live(opened, address, live):
    open_source(address)
    (call,) = opened
    assert call["name"] == call["target"] == address
    assert call["live"] is live
    assert all(0 < seconds <= 60 for seconds in call["timeout"])
    # Packets over UDP are lost on a busy network, and a lost one spoils the pictures behind it.
    assert (call["options"].get("rtsp_transport") == "tcp") is address.lower().startswith("rtsp")


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
    monkeypatch.setattr(Path, "exists", lambda path: str(path) == target)
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
    monkeypatch.setattr(Path, "exists", lambda _: True)
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
