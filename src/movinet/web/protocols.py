"""Connections that can be cut: uvicorn's own wait for clients that do nothing."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_FIRST_REQUEST = 10.0  # seconds


class HttpProtocol(H11Protocol):
    """HTTP; a connection without a request is cut, and the application can cut any."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.app_state = {**self.app_state, "abort": self.transport.abort}
        self.loop.call_later(_FIRST_REQUEST, self._look)

    def _look(self) -> None:
        asked: object = self.scope  # None before the first request, whatever its type says
        if asked is None and self.transport.get_protocol() is self:
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSocket; `scope["state"]["abort"]` cuts it, whatever the client has not read yet.

    A close in due form waits until all is sent, so for ever when nobody reads.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the transport's `abort` to the application."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": self.transport.abort}
