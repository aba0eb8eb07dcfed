"""Connections that can be cut: uvicorn's own wait for clients that do nothing."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_FIRST_REQUEST = 10.0  # seconds


class HttpProtocol(H11Protocol):
    """HTTP; a connection without a request is cut, and the application can cut any."""

    _patience: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.app_state = {**self.app_state, "abort": self.transport.abort}
        self._patience = self.loop.call_later(_FIRST_REQUEST, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more."""
        self._patience.cancel()  # it would keep all of this for as long
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:  # noqa: ANN401 (of h11)
        """Hand the connection over."""
        self._patience.cancel()
        super().handle_websocket_upgrade(event)

    def _look(self) -> None:
        asked: object = self.scope  # None before the first request, whatever its type says
        if asked is None and self.transport.get_protocol() is self:
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSocket; `scope["state"]["abort"]` cuts it, whatever the client has not read yet.

    A close in due form waits until all is sent, so for ever when nobody reads. `abort_later` cuts
    it after some seconds, unless it has ended by then.
    """

    _later: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the transport's `abort` to the application."""
        super().connection_made(transport)
        ways = {"abort": self.transport.abort, "abort_later": self._abort_later}
        self.app_state = {**self.app_state, **ways}

    def _abort_later(self, seconds: float) -> None:
        self._later = self.loop.call_later(seconds, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if self._later is not None:
            self._later.cancel()
        super().connection_lost(exc)
