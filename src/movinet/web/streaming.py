"""The WebSocket of one stream: pictures in, answers out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from movinet.errors import MovinetError, UsageError
from movinet.scale import Answer, Engine, Seat
from movinet.web.jpeg import TooLargeError
from movinet.web.limits import Limits
from movinet.web.messages import (
    BUSY,
    FAULT,
    NORMAL,
    POLICY,
    TOO_BIG,
    UNSUPPORTED,
    Record,
    Start,
    answer_records,
    error_record,
    read_frame,
    read_message,
    read_start,
    ready_record,
    stream_options,
)
from movinet.web.origin import is_foreign

_GOODBYE = 5.0  # seconds that a client has to take the last word


class RefusedError(Exception):
    """The connection ends, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Streaming:
    """Takes the WebSockets of a server."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine, self._limits = engine, limits
        self._open = 0

    async def take(self, socket: WebSocket) -> None:
        """One connection, from its beginning to its end."""
        if is_foreign(socket):
            await socket.close(POLICY)  # before it is accepted: status 403
            return
        await socket.accept()
        connection = Connection(socket, self._engine, self._limits)
        if self._open >= self._limits.connections:
            await connection.end(BUSY, "there are too many connections: try again later")
            return
        self._open += 1
        try:
            await connection.run()
        finally:
            self._open -= 1


class Connection:
    """One client.

    Two tasks: this one hears what the client sends, the other sends what there is to tell. Answers
    come from the engine's threads and wait in a queue that may not grow long.
    """

    def __init__(self, socket: WebSocket, engine: Engine, limits: Limits) -> None:
        self._socket, self._engine, self._limits = socket, engine, limits
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[Answer] = deque()
        self._news = asyncio.Event()
        # Fails when they are too many, because the client does not read.
        self._stuck: asyncio.Future[None] = self._loop.create_future()
        # These cut the connection; see `WebSocketProtocol`.
        ways = socket.scope.get("state", {})
        self._abort: Callable[[], None] | None = ways.get("abort")
        self._abort_later: Callable[[float], None] | None = ways.get("abort_later")
        self._seat: Seat | None = None
        self._top = 5

    async def run(self) -> None:
        """Hear and tell until one of both is over."""
        hearing = asyncio.create_task(self._hear())
        telling = asyncio.create_task(self._tell())
        every = (self._stuck, hearing, telling)
        try:
            await asyncio.wait(every, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._seat is not None:
                self._seat.leave()
            for one in every:
                one.cancel()
            outcomes = await asyncio.gather(*every, return_exceptions=True)
        if isinstance(outcomes[0], RefusedError) and self._abort is not None:
            self._abort()  # a last word would not be read either
            return
        for outcome in outcomes:
            if isinstance(outcome, RefusedError):
                await self.end(outcome.code, str(outcome))
                return
            if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
                raise outcome
        await self.end(NORMAL)

    async def end(self, code: int, reason: str | None = None) -> None:
        """Say why, close, and cut the connection if the client does not take notice."""
        if self._abort_later is not None:
            self._abort_later(_GOODBYE)
        # It may be gone, and that is why it ends.
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(_GOODBYE):
                if reason is not None:
                    await self._send(error_record(reason))
                await self._socket.close(code)

    async def _send(self, record: Record) -> None:
        await self._socket.send_text(json.dumps(record))

    # -- what the client sends -------------------------------------------------------------------

    async def _hear(self) -> None:
        start = await self._first()
        try:
            info = self._engine.info(start.model)
            options = stream_options(info, start.events)
            self._top = min(start.top, info.classes)
            self._seat = seat = self._engine.join(start.model, options, self._answered)
        except UsageError as error:
            raise RefusedError(POLICY, str(error)) from error
        await self._send(ready_record(start.model, info, options))
        while True:
            message = await self._receive(self._limits.idle, "no message")
            try:
                if isinstance(message, bytes):
                    time, jpeg = read_frame(message)
                    seat.offer(jpeg, time)
                    continue
                kind = read_message(message)["type"]
            except UsageError as error:
                raise RefusedError(POLICY, str(error)) from error
            if kind == "reset":
                seat.reset()
            elif kind == "stop":
                seat.finish()
                await asyncio.Event().wait()  # the other task ends it
            else:
                raise RefusedError(
                    POLICY, f'"{kind[:50]}" makes no sense here: send a picture, "reset" or "stop"'
                )

    async def _first(self) -> Start:
        message = await self._receive(self._limits.first, "no first message")
        if isinstance(message, bytes):
            raise RefusedError(POLICY, 'the first message must be {"type": "start", ...}')
        try:
            return read_start(read_message(message), next(iter(self._engine.infos)))
        except UsageError as error:
            raise RefusedError(POLICY, str(error)) from error

    async def _receive(self, seconds: float, missing: str) -> str | bytes:
        try:
            async with asyncio.timeout(seconds):
                event = await self._socket.receive()
        except TimeoutError as error:
            raise RefusedError(POLICY, f"{missing} for {seconds:g} seconds") from error
        if event["type"] != "websocket.receive":
            raise WebSocketDisconnect(event.get("code", 1005))
        data: str | bytes = event["bytes"] if event.get("bytes") is not None else event["text"]
        if len(data) > self._limits.message:
            raise RefusedError(
                TOO_BIG, f"a message has {len(data)} bytes: at most {self._limits.message}"
            )
        return data

    # -- what the client is told -----------------------------------------------------------------

    def _answered(self, answer: Answer) -> None:
        """In a worker's thread."""
        # The loop may have ended already.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._queue, answer)

    def _queue(self, answer: Answer) -> None:
        self._unsent.append(answer)
        self._news.set()
        if len(self._unsent) > self._limits.unsent and not self._stuck.done():
            self._stuck.set_exception(RefusedError(POLICY, "answers are not read"))

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._unsent:
                answer = self._unsent.popleft()
                for record in answer_records(answer, self._top):
                    await self._send(record)
                if answer.error is not None:
                    raise _refusal(answer.error)
                if answer.over:
                    return


def _refusal(error: Exception) -> RefusedError:
    if isinstance(error, TooLargeError):
        return RefusedError(TOO_BIG, str(error))
    if isinstance(error, UsageError):
        return RefusedError(POLICY, str(error))
    if isinstance(error, MovinetError):
        return RefusedError(UNSUPPORTED, str(error))
    return RefusedError(FAULT, "something went wrong in the server")
