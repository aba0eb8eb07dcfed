"""Connections that can be cut: uvicorn's own wait for clients that do nothing."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from movinet.web.messages import RESTART, error_record

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

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
        taker = cast("WebSocketProtocol", self.transport.get_protocol())
        # What websockets cannot read, because a line is too long for it or there are too many,
        # would wait for ever.
        if not taker.handshake_initiated:
            self.send_400_response("Invalid WebSocket handshake received.")

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
    _stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the transport's `abort` to the application."""
        super().connection_made(transport)
        ways = {"abort": self.transport.abort, "abort_later": self._abort_later}
        self.app_state = {**self.app_state, **ways}

    def _abort_later(self, seconds: float) -> None:
        self._later = self.loop.call_later(seconds, self.transport.abort)

    def shutdown(self) -> None:
        """The server ends: say so, and let the client close.

        uvicorn's own says nothing before the close, and closes the socket at once. What the client
        has sent and nobody has read makes that a reset, in which the close may be lost.
        """
        if self.transport.is_closing():
            return
        if self.conn.state is not State.OPEN:
            super().shutdown()
            return
        self.stop_keepalive()
        self.conn.send_text(json.dumps(error_record("the server is stopping")).encode())
        self.conn.send_close(RESTART)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._stopping = self.close_sent = True  # what still comes is not kept
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": RESTART})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    async def send(self, message: ASGISendEvent) -> None:
        """Send, unless all has been said."""
        await self.writable.wait()
        if self._stopping:
            raise ClientDisconnected
        await super().send(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if self._later is not None:
            self._later.cancel()
        super().connection_lost(exc)
