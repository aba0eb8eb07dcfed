"""An `Origin` that is no address at all is another site's, and nothing that fails."""

from __future__ import annotations

import json

import pytest
import websockets

from movinet.web.origin import is_foreign


class Asking:
    def __init__(self, **headers):
        self.headers = headers


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"host": "here:80"}, False),
        ({"host": "here:80", "origin": "http://here:80"}, False),
        ({"host": "here:80", "origin": "https://evil.example"}, True),
        ({"host": "here:80", "origin": "null"}, True),
        ({"host": "here:80", "origin": ""}, True),
        ({"host": "here:80", "origin": "http://["}, True),
        ({"host": "here:80", "origin": "http://[x]/"}, True),
    ],
)
def test_who_is_foreign(headers, foreign):
    assert is_foreign(Asking(**headers)) is foreign


def test_an_origin_that_is_no_address(server):
    status, _, body = server.get("/v1/classify", b"x", Origin="http://[")
    assert (status, json.loads(body)) == (403, {"error": "pages of other sites may not ask"})
    with pytest.raises(websockets.exceptions.InvalidStatus, match="403"):
        server.connect(origin="http://[")
