"""Videos that are sent: answered as `movinet classify` does, refused when they are too much."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kit.clips import write_colour
from kit.server import Server

pytestmark = pytest.mark.timeout(60)
EVENTS = ("--events", "--per-frame")


@pytest.fixture(autouse=True)
def nothing_is_left(server):
    """No upload leaves a file, open or not."""
    before = server.files()
    yield
    until = time.monotonic() + 5
    while server.files() > before and time.monotonic() < until:
        time.sleep(0.05)
    assert server.files() <= before


def post(server, body, query=""):
    status, headers, answer = server.get(f"/v1/classify{query}", body, Content_Type="video/mp4")
    return status, headers, [json.loads(line) for line in answer.splitlines()]


def classified(model, clip, *options):
    command = [sys.executable, "-m", "movinet", "classify", str(clip), "--json", *options]
    command += ["--model", str(model), "--labels", str(model.parent / "labels.txt")]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60)
    records = [json.loads(line) for line in run.stdout.splitlines()]
    return [{**record, "video": "upload"} for record in records]


@pytest.mark.parametrize(
    ("query", "options"),
    [("", ()), ("?top=1&per_frame=1", ("--top", "1", "--per-frame")),
     ("?events=1&per_frame=1", ("--events", "--per-frame"))],
)  # fmt: skip
def test_the_records_are_those_of_classify(server, model, clip, query, options):
    status, headers, records = post(server, clip.read_bytes(), query)
    assert status == 200
    assert headers["content-type"] == "application/jsonl"
    assert headers["x-content-type-options"] == "nosniff"
    assert records == classified(model, clip, *options)
    assert records[-1]["frames"] == 20


def test_records_come_as_they_are_made(server, model, tmp_path):
    clip = write_colour(tmp_path / "long.mp4", (40, 40, 230), frames=145)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/v1/classify?per_frame=1", clip.read_bytes())
    response = connection.getresponse()
    first = json.loads(response.readline())
    assert first["time"] == 0
    assert server.streams() == 1 or len(response.readlines()) == 145
    connection.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?model=other", "unknown model 'other'"),
        ("?top=0", "top must be a number from 1"),
        ("?top=99999999999999999999", "top must be"),
        ("?per_frame=yes", "per_frame must be 0 or 1"),
        ("?speed=2", "unknown 'speed': use model, top"),
    ],
)
def test_a_query_that_makes_no_sense(server, clip, query, said):
    status, _, (record,) = post(server, clip.read_bytes(), query)
    assert status == 400
    assert said in record["error"]


def test_what_is_no_video(server, clip):
    for body, said in (
        (b"hello " * 1000, "not a video"),
        (clip.read_bytes()[:300], "cannot read upload"),
        (b"", "there is no video"),
    ):
        status, _, (record,) = post(server, body)
        assert status == 422
        assert said in record["error"]
        assert "\n" not in record["error"]


def test_a_damaged_video(server, clip):
    data = bytearray(clip.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 40] = bytes(40)
    status, _, records = post(server, bytes(data))
    assert status in (200, 422)
    assert records


def test_a_video_that_is_too_long(server, tmp_path):
    clip = write_colour(tmp_path / "long.mp4", (40, 40, 230), frames=200)
    status, _, (record,) = post(server, clip.read_bytes())
    assert status == 422
    assert record["error"] == "the video is longer than the 30 s that are taken"


def test_a_video_that_is_longer_than_it_says(server, tmp_path):
    """Five of eight seconds one behind the other, each of which begins at 0."""
    clip = write_colour(tmp_path / "part.ts", (40, 40, 230), frames=40)
    status, _, records = post(server, clip.read_bytes() * 5, "?per_frame=1")
    assert status == 200
    assert records[-1] == {
        "video": "upload",
        "error": "the video is longer than the 30 s that are taken",
    }
    assert 29 < records[-2]["time"] <= 30


def test_pictures_that_are_too_large(server, tmp_path):
    import av
    import numpy as np

    clip = tmp_path / "large.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 2000, 1000, "yuv420p"
        picture = np.zeros((1000, 2000, 3), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    status, _, (record,) = post(server, clip.read_bytes())
    assert status == 422
    assert record["error"].startswith("cannot read upload")


class Spy(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 (one for all)

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *args):
        pass


def test_nothing_else_is_opened(server, clip, tmp_path):
    """Playlists name files and addresses; FFmpeg would fetch them."""
    spy = HTTPServer(("127.0.0.1", 0), Spy)
    threading.Thread(target=spy.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{spy.server_port}/secret.ts"
    try:
        for text in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXT-X-ENDLIST\n",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{clip}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile {clip}\n",
            f"ffconcat version 1.0\nfile {address}\n",
            f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video {spy.server_port} "
            "RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        ):
            status, _, (record,) = post(server, text.encode())
            assert status == 422
            assert "cannot read upload" in record["error"]
    finally:
        spy.shutdown()
        spy.server_close()
    assert Spy.asked == []


def test_a_form(server):
    status, _, body = server.get("/v1/classify", b"--x", Content_Type="multipart/form-data")
    assert status == 415
    (said,) = json.loads(body).values()
    assert said == "send the video itself, not a form: with curl, --data-binary @FILE, not -F"


def test_other_sites_may_not_ask(server, clip):
    body = clip.read_bytes()
    assert server.get("/v1/classify", body, Origin="https://evil.example")[0] == 403
    own = f"http://127.0.0.1:{server.port}"
    status, headers, _ = server.get("/v1/classify", body, Origin=own)
    assert status == 200
    assert headers["access-control-allow-origin"] is None


# -- too much ---------------------------------------------------------------------------------


def answer_to(server, head: str, parts=()) -> tuple[str, int]:
    """The status line that comes while it is still being sent, and how much was."""
    with server.socket() as connection:
        connection.sendall(f"POST /v1/classify HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        sent = 0
        try:
            for part in parts:
                connection.sendall(part)
                sent += len(part)
            return connection.recv(1000).decode().split("\r\n")[0], sent
        except OSError:  # it was cut, which a client may learn before it reads why
            return "", sent


def test_a_gigabyte_is_refused_at_once(server):
    begun = time.monotonic()
    memory = server.memory()
    line, _ = answer_to(server, "Content-Length: 1073741824")
    assert line == "HTTP/1.1 413 Content Too Large" or line.startswith("HTTP/1.1 413")
    assert time.monotonic() - begun < 2
    assert server.memory() - memory < 2 << 20


def test_what_does_not_say_its_size_is_cut(server):
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    line, sent = answer_to(server, "Transfer-Encoding: chunked", [chunk] * 2000)
    assert line == "" or line.startswith("HTTP/1.1 413")
    assert sent < 40_000_000  # what fits between two ends, not all of it


def test_who_does_not_send_on(server):
    begun = time.monotonic()
    line, _ = answer_to(server, "Content-Length: 1000")
    assert line.startswith("HTTP/1.1 408")
    assert 2.5 < time.monotonic() - begun < 8


def test_headers_without_end(server):
    with server.socket() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000)
        with pytest.raises(OSError):  # noqa: PT012
            while True:
                connection.sendall(b"x" * 100_000)
                time.sleep(0.01)
    assert server.get("/healthz")[0] == 200


def test_too_many_at_a_time(server, clip):
    waiting = [server.socket() for _ in range(2)]
    for one in waiting:
        one.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
    time.sleep(0.5)
    status, headers, (record,) = post(server, clip.read_bytes())
    assert status == 503
    assert headers["retry-after"] == "10"
    assert "too many uploads" in record["error"]
    for one in waiting:
        one.close()
    time.sleep(0.5)
    assert post(server, clip.read_bytes())[0] == 200


def test_who_vanishes_stops_the_work(server, tmp_path, pictures):
    """Also in the midst of the video, and nobody else notices any of it."""
    clip = write_colour(tmp_path / "long.mp4", (40, 40, 230), frames=145)
    with server.connect() as client:
        client.start()
        for number in range(5):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.request("POST", "/v1/classify?per_frame=1", clip.read_bytes())
            connection.getresponse().read(10)
            connection.close()
            client.show(pictures[0], number / 5)
            assert client.hear()["type"] == "prediction"
        until = time.monotonic() + 5
        while server.streams() > 1 and time.monotonic() < until:
            time.sleep(0.05)
        assert server.streams() == 1


def test_no_file_is_left(model, clip, tmp_path):
    """Not even for a moment does one have a name."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    import os

    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        with Server(model, model.parent / "labels.txt") as server:
            with server.socket() as connection:
                connection.sendall(
                    b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
                    + bytes(2_500_000)
                )
                time.sleep(0.3)
                assert list(folder.iterdir()) == []
            assert post(server, clip.read_bytes())[0] == 200
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
    assert list(Path(folder).iterdir()) == []
