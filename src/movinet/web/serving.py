"""`serve`: an application on a socket, until a signal ends it."""

from __future__ import annotations

import asyncio
import errno
import functools
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from movinet.errors import UsageError
from movinet.web.limits import Limits
from movinet.web.protocols import HttpProtocol, WebSocketProtocol

_LAST_SECONDS = 1  # for what goes on when the server is to end
_PINGS = 20.0  # seconds between two, and for the answer to one
_HANDSHAKE = 10.0  # seconds, for that of TLS


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        UsageError: it cannot; says why.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot listen on {host}: no such address here") from error
    try:
        if hasattr(signal, "SIGHUP"):  # on Windows it would let two servers have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        listener.close()
        reason = str(error.strerror)
        if error.errno == errno.EADDRINUSE:
            reason += "; name another with --port, or 0 for any that is free"
        raise UsageError(f"cannot listen on {host}, port {port}: {reason}") from error
    return listener


def check_certificate(certificate: Path, key: Path) -> None:
    """Make sure that the two can be used.

    Raises:
        UsageError: they cannot; says why.
    """
    for path in (certificate, key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error

    def refuse() -> str:
        raise UsageError(f"cannot use {key}: it is locked with a password")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, refuse)
    except ssl.SSLError as error:
        reason = error.reason or "no certificate and key in PEM form"
        if reason == "KEY_VALUES_MISMATCH":
            reason = "the key is that of another certificate"
        raise UsageError(f"cannot use {certificate} with {key}: {reason}") from error


class _Server(uvicorn.Server):
    """Ends on a signal without raising it again, and remembers it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.asked: list[int] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to SIGINT and SIGTERM meanwhile."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = bool(self.asked)
        self.asked.append(number)
        self.should_exit = True


def serve(
    app: ASGIApp,
    listener: socket.socket,
    limits: Limits,
    *,
    certificate: tuple[Path, Path] | None = None,
    ready: Callable[[], None] = lambda: None,
) -> bool:
    """Answer until SIGINT or SIGTERM; in the main thread.

    Args:
        app: what answers.
        listener: where.
        limits: what strangers may ask.
        certificate: that and its key; None: without encryption.
        ready: called when connections are taken.

    Returns:
        Whether it was SIGINT.
    """
    config = uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        # What is said to be too large is told so; what is far too large is cut off.
        ws_max_size=2 * limits.message,
        # JPEGs do not get smaller, and what is packed may be huge.
        ws_per_message_deflate=False,
        ws_ping_interval=_PINGS,
        ws_ping_timeout=_PINGS,
        h11_max_incomplete_event_size=limits.head,
        limit_concurrency=2 * limits.connections + 100,
        timeout_graceful_shutdown=_LAST_SECONDS,
        ssl_certfile=certificate and certificate[0],
        ssl_keyfile=certificate and certificate[1],
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="critical",  # the application says what matters
    )
    server = _Server(config)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        if certificate is not None:
            # uvicorn has no option for it, and asyncio would wait for a minute.
            create = functools.partial(loop.create_server, ssl_handshake_timeout=_HANDSHAKE)
            loop.create_server = create  # type: ignore[method-assign]
        loop.call_soon(ready)
        await server.serve([listener])

    asyncio.run(run())
    return signal.SIGINT in server.asked
