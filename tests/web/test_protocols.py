"""What is left of connections that have ended."""

from __future__ import annotations

import asyncio
import gc

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

import uvicorn
import websockets

from movinet.web.protocols import HttpProtocol, WebSocketProtocol
from movinet.web.serving import listen


async def polite(scope, receive, send):
    """Accepts, waits for a message, and closes; or answers a request with nothing."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        return
    await send({"type": "websocket.accept"})
    await receive()  # that it connects
    await receive()
    scope["state"]["abort_later"](60)
    await send({"type": "websocket.close"})


def alive() -> int:
    gc.collect()
    # Not isinstance: some objects of PyTorch mind being asked.
    return sum(type(one) in (HttpProtocol, WebSocketProtocol) for one in gc.get_objects())


def test_nothing_is_left_of_a_connection():
    """Also while it would still have been waited for: ten seconds for a request, or a last word."""

    async def run():
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            polite, http=HttpProtocol, ws=WebSocketProtocol, lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        for _ in range(10):
            async with websockets.connect(f"ws://127.0.0.1:{port}/") as client:
                await client.send("x")
                await client.wait_closed()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"204" in await reader.read()
            writer.close()
            await writer.wait_closed()
            _, silent = await asyncio.open_connection("127.0.0.1", port)
            silent.close()
            await silent.wait_closed()
        for _ in range(100):
            if alive() == 0:
                break
            await asyncio.sleep(0.02)
        left = alive()
        server.should_exit = True
        await task
        return left

    assert asyncio.run(run()) == 0
