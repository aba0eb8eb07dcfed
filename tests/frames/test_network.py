"""Videos on web servers, and live streams over TCP and UDP."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
import socket
import subprocess
import sys
import threading
import time
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from frames.kinds import ALL
from frames.refusal import refusal
from frames.videos import number_of, numbered, numbers_of, write_video
from movinet.frames import open_source, opening

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
