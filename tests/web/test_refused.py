"""What is refused before any of the addresses is asked."""

from __future__ import annotations

import http.client
import json

import pytest


@pytest.mark.parametrize(
    ("path", "method", "status", "said"),
    [
        ("/nothing.js", "GET", 404, "there is no such file"),
        ("/healthz", "PUT", 405, "Method Not Allowed"),
        ("/nothing.js", "POST", 405, "Method Not Allowed"),
        ("/v1/classify", "GET", 405, "send a video with POST"),
    ],
)
def test_every_error_is_an_object(server, path, method, status, said):
    code, headers, body = server.get(path, method=method)
    assert code == status
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"error": said}
    if status == 405:
        assert headers["allow"]


UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
)


def ask(server, path: bytes, headers: bytes) -> tuple[int, bytes]:
    """The status and what is said to a request that is sent at once."""
    with server.socket() as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, b"" if response.status == 101 else response.read()


@pytest.mark.parametrize("more", [b"", UPGRADE])
def test_headers_that_are_too_long(server, more):
    """Each of them is short, and all come in one piece."""
    path = b"/v1/stream" if more else b"/healthz"
    assert ask(server, path, more + (b"X: " + b"x" * 5000 + b"\r\n") * 3)[0] in (101, 200)
    for count in (4, 12):
        status, said = ask(server, path, more + (b"X: " + b"x" * 5000 + b"\r\n") * count)
        assert status == 431
        assert json.loads(said) == {"error": "the headers have more than 16384 bytes"}
    assert ask(server, b"/healthz?" + b"x" * 17_000, b"")[0] == 431


@pytest.mark.parametrize("more", [b"X: " + b"x" * 9000 + b"\r\n", b"X: x\r\n" * 150])
def test_a_handshake_that_cannot_be_read(server, more):
    """It is not left waiting."""
    assert ask(server, b"/v1/stream", UPGRADE + more)[0] == 400
