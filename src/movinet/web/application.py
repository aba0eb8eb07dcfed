"""`application`: everything that the server answers, as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from movinet.scale import Engine
from movinet.web.limits import Limits
from movinet.web.page import Files, page_files
from movinet.web.served import Served, models_record
from movinet.web.streaming import Streaming
from movinet.web.upload import Uploading

# A page may run its own scripts, workers and WebAssembly, show what it has from its own server and
# from the user, and nothing else; and no other page may show it in a frame.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "style-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=()",
}


def application(models: Sequence[Served], engine: Engine, limits: Limits) -> Starlette:
    """The server's answers.

    Args:
        models: what it has; the first is the one that is meant where none is named.
        engine: runs them; closed when the server stops.
        limits: what strangers may ask.
    """
    record = models_record(models, server=True)
    files = {**page_files(), **{model.file: model.path for model in models}}

    async def models_json(request: Request) -> Response:
        return JSONResponse(record, headers={"cache-control": "no-cache"})

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok", **asdict(engine.share)})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        engine.close("the server is stopping")

    return Starlette(
        routes=[
            Route("/models.json", models_json),
            Route("/v1/models", models_json),
            Route("/healthz", healthz),
            Route("/v1/classify", _Posted(Uploading(engine, limits))),
            WebSocketRoute("/v1/stream", Streaming(engine, limits).take),
            Route("/{name:path}", Files(files).answer),
        ],
        middleware=[Middleware(_Guard, limits)],
        exception_handlers={HTTPException: _refused},
        lifespan=lifespan,
    )


async def _refused(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses, as everything else is."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


class _Posted:
    """An address for POST only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await self._app(scope, receive, send)
            return
        error = {"error": "send a video with POST"}
        await JSONResponse(error, 405, {"allow": "POST"})(scope, receive, send)


class _Guard:
    """Puts the headers on every answer, and keeps what nobody foresaw out of the server's way."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        app = self._app
        # h11 minds only what has not come whole, so it lets pass what fits into one read.
        if _head(scope) > self._limits.head:
            error = {"error": f"the headers have more than {self._limits.head} bytes"}
            app = JSONResponse(error, 431, {"connection": "close"})
        try:
            await app(scope, receive, send_with_headers)
        except Exception:
            logging.getLogger("movinet").exception("a request failed")
            raise


def _head(scope: Scope) -> int:
    """About as many bytes as the head of the request had."""
    if "headers" not in scope:  # nobody's request, but the beginning of the server
        return 0
    address = len(scope["raw_path"]) + len(scope["query_string"])
    return address + sum(len(name) + len(value) + 4 for name, value in scope["headers"])
