from __future__ import annotations

import dataclasses
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from movinet.models import transfer
from movinet.models.catalogue import CatalogueEntry

# Longer than a chunk, never the same twice in a row, and what a TFLite file begins with.
BODY = b"\x1c\x00\x00\x00TFL3" + bytes(i * i % 251 for i in range(700_000))


class Server:
    """An HTTP server for one file at any path, that fails as it is told to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.body = BODY
        self.status = 200
        self.statuses: list[int] = []  # of the next answers, before `status`
        self.redirects: dict[str, str] = {}  # from a path to a path
        self.etag: str | None = '"one"'
        self.modified: str | None = None
        self.ranges = True  # whether it knows ranges
        self.shift = 0  # how many bytes off its ranges begin
        self.excess = b""  # what it sends beyond the length that it states
        self.cuts: list[int | None] = []  # bytes of each next answer after which it hangs up
        self.cut_always: int | None = None
        self.stalls = 0  # answers after whose cut it keeps silent instead of hanging up
        self.hold: threading.Event | None = None  # it answers when this is set
        self.closing = threading.Event()
        self.requests: list[dict[str, str]] = []  # the headers, and "path"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append({**dict(handler.headers.items()), "path": handler.path})
        if self.hold:
            self.hold.wait(20)
        status = self.statuses.pop(0) if self.statuses else self.status
        location = self.redirects.get(handler.path)
        status = 302 if location else status
        body, start = self.body, 0
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        same = handler.headers.get("If-Range") in {None, self.etag, self.modified}
        if status == 200 and asked and self.ranges and same:
            start = int(asked[1]) + self.shift
            status = 206 if start < len(body) else 416
        handler.send_response(status)
        if status == 206:
            stated = f"bytes {start}-{len(body) - 1}/{len(body)}"
            handler.send_header("Content-Range", stated)
        sent = body[start:] if status in {200, 206} else b"no"
        handler.send_header("Content-Length", str(len(sent)))
        if location:
            handler.send_header("Location", location)
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.modified:
            handler.send_header("Last-Modified", self.modified)
        handler.end_headers()
        cut = self.cut_always
        if self.cuts and not location:
            cut = self.cuts.pop(0)
        handler.wfile.write(sent + self.excess if cut is None else sent[:cut])
        if self.stalls:
            self.stalls -= 1
            handler.wfile.flush()
            self.closing.wait(20)


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.told.answer(self)

        def log_message(self, format, *args):
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            pass  # a client that goes away is part of the tests

    with Quiet(("127.0.0.1", 0), Handler) as http:
        http.told = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        yield http.told
        http.told.closing.set()
        http.shutdown()
        thread.join()


@pytest.fixture
def entry(server):
    """An entry at `server` whose sha256 is known, with nothing else to be checked."""
    return CatalogueEntry(
        name="a0-lite-k600-int8",
        variant="a0",
        form="lite",
        data="kinetics-600",
        kind="tflite",
        url=f"{server.url}/models/one",
        filename="one.tflite",
        sha256=hashlib.sha256(BODY).hexdigest(),
        licence="Apache-2.0",
        origin="a test",
        note="the note of the entry",
    )


@pytest.fixture
def unverified(entry):
    return dataclasses.replace(entry, sha256=None)


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    """An empty cache, no mirror, the network allowed, no proxy, no waiting between attempts."""
    monkeypatch.setenv("MOVINET_CACHE", str(tmp_path / "cache"))
    for name in ("MOVINET_OFFLINE", "MOVINET_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(transfer, "RETRY_DELAYS", (0.0, 0.0, 0.0))
