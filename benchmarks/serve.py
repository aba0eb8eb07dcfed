"""Fifty live streams on one server: is any starved, how late are answers, what does it cost?

The server is `movinet serve` in a process of its own, the clients are in another on the same
machine. Each sends five JPEGs of 320x240 a second, as the page does, whatever is answered.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.real import INT8, LABELS

if TYPE_CHECKING:
    from kit.liveload import Told

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

SECONDS, STREAMS = 20, 50


def measure(streams: int, seconds: float) -> tuple[list[Told], float]:
    """Start a server, load it, and end it; gives what clients were told, and the cores it took."""
    from kit.liveload import load

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
