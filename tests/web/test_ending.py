"""What is told to those who are served when the server ends."""

from __future__ import annotations

import threading

import pytest

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
