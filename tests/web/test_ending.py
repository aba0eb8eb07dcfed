"""What is told to those who are served when the server ends."""

from __future__ import annotations

import http.client
import json
import threading

import pytest

from kit.clips import write_colour
from kit.server import Server

pytestmark = pytest.mark.timeout(60)
STOPPING = "the server is stopping"


@pytest.fixture
def ending(model):
    """A server that a test ends itself; it must do so without a word on stderr."""
    with Server(model, model.parent / "labels.txt") as server:
        yield server


def test_streams(ending, pictures):
    """Also one that is sending: what nobody reads any more must not swallow the last word."""
    clients = [ending.connect() for _ in range(8)]
    over = threading.Event()

    def show(client):
        number = 0
        while not over.is_set():
            try:
                client.show(pictures[number % 20], number / 5)
            except Exception:  # it is closed
                return
            number += 1

    for client in clients:
        client.start()
    threads = [threading.Thread(target=show, args=(client,)) for client in clients[1:]]
    for thread in threads:
        thread.start()
    clients[1].hear()
    ending.end()
    said = [client.rest() for client in clients]
    over.set()
    for thread in threads:
        thread.join()
    assert [client.code for client in clients] == [1012] * 8
    assert said[0] == [{"type": "error", "message": STOPPING}]
    assert [told[-1] for told in said] == said[0] * 8
    for client in clients:
        client.socket.close()


def test_an_unfinished_upload(ending):
    with ending.socket() as upload:
        upload.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        ending.streams()  # so that it has begun
        ending.end()
        response = http.client.HTTPResponse(upload)
        response.begin()
        assert response.status == 503
        assert json.loads(response.read()) == {"error": STOPPING}


def test_an_answer_that_has_begun(ending, tmp_path):
    clip = write_colour(tmp_path / "long.mp4", (40, 40, 230), frames=2900)
    connection = http.client.HTTPConnection("127.0.0.1", ending.port, timeout=20)
    connection.request("POST", "/v1/classify?per_frame=1", clip.read_bytes())
    response = connection.getresponse()
    lines = [response.readline()]
    ending.end()
    lines += response.readlines()
    assert json.loads(lines[-1]) == {"video": "upload", "error": STOPPING}
    connection.close()
