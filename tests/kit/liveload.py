"""Many clients of a server, each of which shows it a live stream, whatever is answered."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

import websockets

from kit.jpegcamera import jpeg

FPS = 5
WARM = 3.0  # seconds that do not count
_STAMP = struct.Struct("<d")


@dataclass
class Told:
    """What one client was told.

    Attributes:
        late: seconds from sending a picture to its answer.
        dropped: pictures whose place a newer one took.
    """

    late: list[float] = field(default_factory=list)
    dropped: int = 0


def jpegs() -> list[bytes]:
    """Four seconds of a drawn figure, 320x240."""
    from movinet.synthetic import render_clip

    clip = render_clip("jumping jacks", 3, size=320, fps=FPS, seconds=4)
    return [jpeg(picture) for picture in clip[:, 40:280]]


async def client(address: str, pictures: list[bytes], begun: float, end: float) -> Told:
    """Sends and hears until the end; `begun` is when its first picture is due."""
    told, sent = Told(), {}
    async with websockets.connect(address, compression=None, open_timeout=60) as socket:
        await socket.send('{"type": "start"}')
        await socket.recv()

        async def hear() -> None:
            async for message in socket:
                now, record = time.monotonic(), json.loads(message)
                moment = sent[record["time"]]
                if now - begun >= WARM:
                    told.late.append(now - moment)
                told.dropped = record["dropped"]

        hearing = asyncio.create_task(hear())
        for number in range(round((end - begun) * FPS)):
            await asyncio.sleep(max(0.0, begun + number / FPS - time.monotonic()))
            moment = round(number / FPS, 6)
            sent[moment] = time.monotonic()
            await socket.send(_STAMP.pack(moment) + pictures[number % len(pictures)])
        await socket.send('{"type": "stop"}')
        await hearing
    return told


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(address: str, pid: int, streams: int, seconds: float) -> tuple[list[Told], float]:
    """What so many clients are told, and the share of a core that the server takes."""
    pictures = jpegs()
    begun = time.monotonic() + 0.5
    end = begun + WARM + seconds

    async def used() -> float:
        await asyncio.sleep(begun + WARM - time.monotonic())
        before, since = cpu_seconds(pid), time.monotonic()
        await asyncio.sleep(end - time.monotonic())
        return (cpu_seconds(pid) - before) / (time.monotonic() - since)

    measuring = asyncio.create_task(used())
    # Their pictures come evenly spread over a fifth of a second, as those of strangers do.
    clients = [
        client(address, pictures, begun + number / streams / FPS, end) for number in range(streams)
    ]
    return list(await asyncio.gather(*clients)), await measuring
