"""Many streams on one machine: how much of its steps do they get, and at what memory?

Programs one after the other, each for the same time: two processes that do nothing but invoke the
network; one `Engine` of two threads with 40 streams whose frames have the model's size; two
processes of an engine each, as `movinet live` has them for many cameras, with 20 streams each,
which send every answer to the one that started them; 40 processes with one stream each.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.own import own_model
from movinet.frames import Image
from movinet.live import Answer, Camera
from movinet.live.shard import pack
from movinet.models import read_info
from movinet.runtime import open_model
from movinet.runtime.interpreter import interpreter_of
from movinet.scale import Answer as Told
from movinet.scale import Engine
from movinet.stream import Classifier
from movinet.stream.classifier import default_options
from movinet.stream.horizon import Horizon

SECONDS, STREAMS, FPS = 10.0, 40, 5
ROUNDS = 3


def pictures(size: tuple[int, int]) -> list[Image]:
    """Sixteen of the model's size, `[H, W, 3]`."""
    return list(np.random.default_rng(0).integers(0, 256, (16, *size, 3), np.uint8))


def private_bytes() -> int:
    """What only this process holds in memory."""
    with Path("/proc/self/smaps_rollup").open(encoding="ascii") as file:
        lines = [line.split() for line in file if line.startswith("Private_")]
    return 1024 * sum(int(line[1]) for line in lines)


# -- what runs in processes of its own; each prints one line of JSON ------------------------------


def invoke(path: Path, seconds: float) -> dict[str, float]:
    """Nothing but the network."""
    interpreter = interpreter_of(path)
    for _ in range(20):
        interpreter.invoke()
    _begin()
    steps, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        interpreter.invoke()
        steps += 1
    return {"steps": steps / seconds, "bytes": private_bytes()}


def alone(path: Path, seconds: float) -> dict[str, float]:
    """One stream, as fast as it goes."""
    classifier = Classifier(open_model(path))
    stream, frames = classifier.stream(), pictures(classifier.info.size)
    for number in range(20):
        stream.push(frames[number % 16], number / FPS)
    _begin()
    steps, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        stream.push(frames[steps % 16], (20 + steps) / FPS)
        steps += 1
    return {"steps": steps / seconds, "bytes": private_bytes()}


def engine(path: Path, seconds: float, streams: int, threads: int) -> dict[str, float]:
    """So many streams, each with a new frame as soon as the last is answered."""
    info = read_info(path)
    options, frames = default_options(info), pictures(info.size)
    with Engine({"": [open_model(path, info=info) for _ in range(threads)]}) as made:
        counts = [0] * streams
        unsent: deque[object] = deque()

        def join(number: int) -> None:
            camera = Camera(str(number), "test:")

            def tell(answer: Told) -> None:
                counts[number] += 1
                if threads == 1:
                    said = Answer(camera, answer.prediction, answer.events, answer.latency)
                    unsent.append(pack(said))
                seat.offer(frames[counts[number] % 16], counts[number] / FPS)

            seat = made.join("", options, tell)
            seat.offer(frames[0], 0.0)

        for number in range(streams):
            join(number)
        # Each ring of increments is written once, so that its memory is there.
        while min(counts) < (options.horizon or 0) + 2:
            time.sleep(0.05)
        _begin()
        unsent.clear()
        before, until = sum(counts), time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.02)
            if unsent:
                pickle.dump([unsent.popleft() for _ in range(len(unsent))], sys.stdout.buffer)
                sys.stdout.buffer.flush()
        steps, share = sum(counts) - before, made.share
    pickle.dump(None, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return {
        "steps": steps / seconds,
        "bytes": private_bytes(),
        "least": min(counts),
        "most": max(counts),
        "dropped": share.dropped,
    }


def _begin() -> None:
    """All are ready; now."""
    print("ready", flush=True)
    sys.stdin.readline()


# -- the driver ------------------------------------------------------------------------------------


def together(count: int, *arguments: object) -> list[dict[str, float]]:
    """So many processes of this file at the same time; what each found."""
    command = [sys.executable, "-m", "benchmarks.streams", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=-1
        )
        for _ in range(count)
    ]
    found: list[dict[str, float]] = []
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n", "a process did not start"
        threads = [
            threading.Thread(target=_hear, args=(child, arguments[0] == "engine", found))
            for child in children
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _hear(child: subprocess.Popen[bytes], answers: bool, found: list[dict[str, float]]) -> None:
    """Let it begin, and take what it says."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    if answers:
        while pickle.load(child.stdout) is not None:
            pass
    found.append(json.loads(child.stdout.readline()))


def measure(path: Path) -> dict[str, Any]:
    """One round."""
    invoked = together(2, "invoke", path, SECONDS)
    many = together(1, "engine", path, SECONDS, STREAMS, 2)[0]
    few = together(1, "engine", path, 1.0, 1, 2)[0]
    shards = together(2, "engine", path, SECONDS, STREAMS // 2, 1)
    ones = together(STREAMS, "alone", path, SECONDS)
    return {
        "invoke": sum(one["steps"] for one in invoked),
        "engine": many["steps"],
        "shards": sum(one["steps"] for one in shards),
        "alone": sum(one["steps"] for one in ones),
        "engine bytes": many["bytes"],
        "shards bytes": sum(one["bytes"] for one in shards),
        "alone bytes": sum(one["bytes"] for one in ones),
        "stream bytes": (many["bytes"] - few["bytes"]) / (STREAMS - 1),
        "least": many["least"],
        "most": many["most"],
    }


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        path = own_model(Path(name))
        info = read_info(path)
        rounds = [measure(path) for _ in range(ROUNDS)]
    middle = {name: float(np.median([one[name] for one in rounds])) for name in rounds[0]}
    horizon = Horizon(info, info.horizon)
    state = info.state_bytes + 4 * horizon.width * ((horizon.frames or -1) + 1)
    print(f"A0 lite int8, {SECONDS:g} s each, the median of {ROUNDS} rounds.\n")
    print("| | steps a second | of two that only invoke | memory, MB |")
    print("|---|---|---|---|")
    print(f"| two processes that only invoke | {middle['invoke']:.0f} | 1 | |")
    for name, title in (
        ("engine", f"one process, an engine of two threads, {STREAMS} streams"),
        ("shards", f"two processes, an engine of one thread and {STREAMS // 2} streams each"),
        ("alone", f"{STREAMS} processes, a stream each"),
    ):
        print(
            f"| {title} | {middle[name]:.0f} | {middle[name] / middle['invoke']:.2f} "
            f"| {middle[f'{name} bytes'] / 1e6:.0f} |"
        )
    print(
        f"\nA further stream takes {middle['stream bytes'] / 1e3:.0f} kB; its state with the ring "
        f"is {state / 1e3:.0f} kB. Answers a stream: {middle['least']:.0f} to {middle['most']:.0f}."
    )


_PARTS = {"invoke": invoke, "alone": alone, "engine": engine}

if __name__ == "__main__":
    name, file, *numbers = sys.argv[1:]
    given = [float(number) if "." in number else int(number) for number in numbers]
    print(json.dumps(_PARTS[name](Path(file), *given)), flush=True)  # type: ignore[operator]
