"""Fifty live streams on one server: is any starved, how late are answers, what does it cost?

The server is `movinet serve` in a process of its own, the clients are in another on the same
machine. Each sends five JPEGs of 320x240 a second, as the page does, whatever is answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import websockets

from benchmarks.real import INT8, LABELS

SECONDS, STREAMS, FPS = 20, 50, 5
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
    """Four seconds of a drawn figure."""
    from movinet.synthetic import render_clip

    encoded = []
    for picture in render_clip("jumping jacks", 3, size=320, fps=FPS, seconds=4)[:, 40:280]:
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.height, encoder.width = picture.shape[:2]
        encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, FPS)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
        encoded.append(b"".join(map(bytes, [*encoder.encode(frame), *encoder.encode(None)])))
    return encoded


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


def measure(streams: int, seconds: float) -> tuple[list[Told], float]:
    """Start a server, load it, and end it."""
    command = [sys.executable, "-m", "movinet", "serve", "--port", "0"]
    command += ["--model", str(INT8), "--labels", str(LABELS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip().replace("http", "ws") + "v1/stream"
            return asyncio.run(load(address, server.pid, streams, seconds))
        finally:
            server.send_signal(signal.SIGTERM)


def main() -> None:
    """Print the table."""
    print(f"{INT8.stem}, {SECONDS} s.\n")
    print(
        "| streams | answers a stream, fewest to most | dropped | p50 late, ms | p95 late, ms "
        "| CPU, cores |"
    )
    print("|---|---|---|---|---|---|")
    for streams in (10, 25, STREAMS):
        told, cores = measure(streams, SECONDS)
        counts = [len(one.late) for one in told]
        late = np.concatenate([one.late for one in told]) * 1000
        print(
            f"| {streams} | {min(counts)} to {max(counts)} | {sum(one.dropped for one in told)} "
            f"| {np.percentile(late, 50):.0f} | {np.percentile(late, 95):.0f} | {cores:.2f} |",
            flush=True,
        )
