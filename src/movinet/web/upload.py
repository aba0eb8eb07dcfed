"""`POST /v1/classify`: a video in, JSON Lines out, as they come."""

from __future__ import annotations

import asyncio
import json
import tempfile
from typing import IO

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from movinet.errors import MovinetError, UsageError
from movinet.outputs.records import Record
from movinet.scale import Engine
from movinet.stream import EventOptions
from movinet.web.classifying import NAME, Wish, Work
from movinet.web.limits import Limits
from movinet.web.messages import MOST_TOP
from movinet.web.origin import is_foreign

_CHUNK = 1 << 20  # bytes that are written at once
_STOPPING = "the server is stopping"  # which is when what goes on is cancelled


class Uploading:
    """Takes the videos of a server."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine, self._limits = engine, limits
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One video, from its first byte to the last record."""
        request = Request(scope, receive)
        try:
            wish = self._admit(request)
            self._open += 1
            try:
                # A file without a name: whatever happens, nothing of it is left.
                with tempfile.TemporaryFile() as file:
                    try:
                        await self._spool(request, file)
                    except asyncio.CancelledError as error:
                        raise _RefusedError(503, _STOPPING) from error
                    await self._answer(Work(self._engine, self._limits, file, wish), request, send)
            finally:
                self._open -= 1
        except _RefusedError as refused:
            # Whatever is still being sent is not read.
            headers = {"connection": "close", **refused.headers}
            await _error(refused.status, str(refused), headers)(scope, receive, send)
        except ClientDisconnect:
            pass
        except TimeoutError:  # it does not read what it asked for
            abort = scope.get("state", {}).get("abort")
            if abort is not None:
                abort()

    def _admit(self, request: Request) -> Wish:
        """What is wanted, when it may be."""
        if is_foreign(request):
            raise _RefusedError(403, "pages of other sites may not ask")
        try:
            wish = self._wish(request)
        except UsageError as error:
            raise _RefusedError(400, str(error)) from error
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.upload:
            raise self._too_large()
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/"):
            raise _RefusedError(
                415, "send the video itself, not a form: with curl, --data-binary @FILE, not -F"
            )
        if self._open >= self._limits.uploads:
            raise _RefusedError(503, "there are too many uploads: try again later", retry=10)
        return wish

    def _wish(self, request: Request) -> Wish:
        query = request.query_params
        unknown = sorted(query.keys() - {"model", "top", "per_frame", "events"})
        if unknown:
            raise UsageError(f"unknown {unknown[0][:50]!r}: use model, top, per_frame and events")
        model = query.get("model") or next(iter(self._engine.infos))
        classes = self._engine.info(model).classes
        top = query.get("top", "5")
        if not (top.isdecimal() and len(top) < 5 and 1 <= int(top) <= MOST_TOP):
            raise UsageError(f"top must be a number from 1 to {MOST_TOP}")
        per_frame, events = (_flag(query.get(name, "0"), name) for name in ("per_frame", "events"))
        return Wish(model, min(int(top), classes), per_frame, EventOptions() if events else None)

    async def _spool(self, request: Request, file: IO[bytes]) -> None:
        """The body into a file."""
        size, waiting = 0, bytearray()
        parts = request.stream()
        while True:
            try:
                async with asyncio.timeout(self._limits.idle):
                    part = await anext(parts, None)
            except TimeoutError as error:
                raise _RefusedError(408, "the video does not come any further") from error
            size += len(part or b"")
            if size > self._limits.upload:
                raise self._too_large()
            waiting += part or b""
            if part is None or len(waiting) >= _CHUNK:
                try:
                    await asyncio.to_thread(file.write, waiting)
                except OSError as error:
                    raise _RefusedError(507, f"cannot keep the video: {error.strerror}") from error
                waiting = bytearray()
            if part is None:
                break
        if not size:
            raise _RefusedError(422, "there is no video: send it as the body")
        file.seek(0)

    async def _answer(self, work: Work, request: Request, send: Send) -> None:
        """The records, as they come; a failure before the first is a status, later a record."""
        gone = asyncio.create_task(_disconnected(request))
        gone.add_done_callback(lambda _: work.stop())
        started = False
        try:
            while not gone.done():
                try:
                    records = await asyncio.to_thread(work.step)
                except (MovinetError, asyncio.CancelledError) as error:
                    stopping = isinstance(error, asyncio.CancelledError)
                    reason = _STOPPING if stopping else str(error)
                    if not started:
                        raise _RefusedError(503 if stopping else 422, reason) from error
                    records = ({"video": NAME, "error": reason},)
                    await self._write(send, records, more=False)
                    return
                if records and not started:
                    started = True
                    await _begin(send)
                if records or records is None:
                    await self._write(send, records or (), more=records is not None)
                if records is None:
                    return
        finally:
            gone.cancel()
            work.close()

    async def _write(self, send: Send, records: tuple[Record, ...], *, more: bool) -> None:
        body = "".join(json.dumps(record) + "\n" for record in records).encode()
        async with asyncio.timeout(self._limits.idle):
            await send({"type": "http.response.body", "body": body, "more_body": more})

    def _too_large(self) -> _RefusedError:
        return _RefusedError(413, f"the video is larger than {self._limits.upload} bytes")


class _RefusedError(Exception):
    def __init__(self, status: int, reason: str, *, retry: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = {} if retry is None else {"retry-after": str(retry)}


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _begin(send: Send) -> None:
    headers = [(b"content-type", b"application/jsonl"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _error(status: int, reason: str, headers: dict[str, str]) -> Response:
    return JSONResponse({"error": " ".join(reason.split())}, status, headers)


def _flag(value: str, name: str) -> bool:
    if value not in ("0", "1"):
        raise UsageError(f"{name} must be 0 or 1")
    return value == "1"
