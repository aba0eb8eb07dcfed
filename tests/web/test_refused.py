"""What is refused before any of the addresses is asked."""

from __future__ import annotations

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
