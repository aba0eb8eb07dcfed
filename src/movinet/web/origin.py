"""Who may ask: pages of this server, and programs."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def is_foreign(connection: HTTPConnection) -> bool:
    """Whether a page of another site asks.

    Browsers send an origin with each WebSocket and each POST, and let any page open a WebSocket to
    any server; programs send none.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc != connection.headers.get("host")
    except ValueError:  # no address at all, so not this server's
        return True
