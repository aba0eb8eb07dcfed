"""Who connects to `https://` and says nothing."""

from __future__ import annotations

import signal
import socket
import threading
import time

import pytest

from kit.certificate import write_certificate
from movinet.web import Limits, serving

pytestmark = pytest.mark.timeout(30)


async def nothing(scope, receive, send):
    """An application that is never asked."""


def test_a_handshake_that_does_not_come(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "_HANDSHAKE", 0.5)
    listener = serving.listen("127.0.0.1", 0)
    address = listener.getsockname()
    waited = []

    def connect():
        begun = time.monotonic()
        try:
            with socket.create_connection(address, timeout=10) as silent:
                assert silent.recv(1) == b""
            waited.append(time.monotonic() - begun)
        finally:
            signal.raise_signal(signal.SIGTERM)

    thread = threading.Thread(target=connect)
    pair = write_certificate(tmp_path)
    serving.serve(nothing, listener, Limits(), certificate=pair, ready=thread.start)
    thread.join()
    assert 0.4 < waited[0] < 5
