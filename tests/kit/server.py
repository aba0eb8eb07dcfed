"""A server in a process of its own, with limits as a test needs them, and clients for it."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

_CODE = """
import json, sys
from pathlib import Path
from movinet.web import Limits
from movinet.web.application import application
from movinet.web.served import engine_for, find_served
from movinet.web.serving import listen, serve

model, labels, threads, limits = json.loads(sys.argv[1])
served = [find_served(model, labels)]
limits = Limits(**limits)
engine = engine_for(served, limits, threads)
listener = listen("127.0.0.1", 0)
serve(
    application(served, engine, limits),
    listener,
    limits,
    ready=lambda: print(listener.getsockname()[1], flush=True),
)
"""
_STAMP = struct.Struct("<d")


class Server:
    """`movinet serve` with other limits, until the end of the `with`."""

    def __init__(
        self, model: Path, labels: Path | None = None, *, threads: int = 2, **limits: float
    ) -> None:
        told = json.dumps([str(model), labels and str(labels), threads, limits])
        self._child = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _CODE, told],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise AssertionError(self._child.communicate()[1])
        self.port = int(line)
        self.errors = ""
        self._ending = False

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.pid

    def memory(self) -> int:
        """Bytes that it holds now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def files(self) -> int:
        """Open files and sockets."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208

    def get(
        self, path: str, body: bytes | None = None, *, method: str | None = None, **headers: str
    ):
        """The status, the headers and the body of an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, named, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def end(self) -> None:
        """Ask it to, before the end of the `with`."""
        self._ending = True
        self._child.send_signal(signal.SIGTERM)

    def streams(self) -> int:
        """Live streams now."""
        return json.loads(self.get("/healthz")[2])["streams"]

    def connect(self, **options: Any) -> Client:
        """A WebSocket."""
        options = {"compression": None, **options}
        with ExitStack() as stack:
            address = f"ws://127.0.0.1:{self.port}/v1/stream"
            socket = stack.enter_context(connect(address, **options))
            stack.pop_all()
        return Client(socket)

    def socket(self) -> socket.socket:
        """A plain connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._ending:
            self.end()
        _, self.errors = self._child.communicate(timeout=20)
        if kind is None:
            assert self.errors == ""
            assert self._child.returncode == 0


class Client:
    """One WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, kind: str, **more: object) -> None:
        """Send a message in JSON."""
        self.socket.send(json.dumps({"type": kind, **more}))

    def start(self, **more: object) -> dict[str, Any]:
        """Begin; gives what the server says to it."""
        self.say("start", **more)
        return self.hear()

    def show(self, jpeg: bytes, time: float) -> None:
        """Send a picture."""
        self.socket.send(_STAMP.pack(time) + jpeg)

    def hear(self, seconds: float = 20) -> dict[str, Any]:
        """The next message."""
        return json.loads(self.socket.recv(timeout=seconds))

    def rest(self) -> list[dict[str, Any]]:
        """All messages until the server closes; `code` is what with."""
        said = []
        with suppress(ConnectionClosed):
            while True:
                said.append(self.hear())
        return said

    @property
    def code(self) -> int | None:
        """What the connection was closed with."""
        return self.socket.close_code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()
