"""`Stream.push` of a frame of the model's size against the plain loop, on one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import movinet
from benchmarks.plain_loop import PlainLoop
from benchmarks.real import INT8, OFFICIAL

BLOCK, DROPPED, ROUNDS = 25, 5, 15


def block(step: Callable[[np.ndarray], object], images: list[np.ndarray]) -> float:
    """Milliseconds a step, the first few dropped."""
    begin = 0.0
    for number in range(BLOCK):
        if number == DROPPED:
            begin = time.perf_counter()
        step(images[number % len(images)])
    return (time.perf_counter() - begin) / (BLOCK - DROPPED) * 1e3


def main() -> None:
    """Print the table."""
    print("| model | plain loop, ms | `Stream.push`, ms | ratio | at most |")
    print("|---|---|---|---|---|")
    for path, bound in (
        (INT8, 0.85),
        (OFFICIAL / "official_a2_stream_dynamic.tflite", 0.95),
        (OFFICIAL / "official_a0_stream_float32.tflite", None),
    ):
        plain = PlainLoop(path)
        classifier = movinet.load(path)
        stream = classifier.stream()
        height, width = classifier.info.size
        random = np.random.default_rng(0)
        images = [random.integers(0, 256, (height, width, 3), np.uint8) for _ in range(7)]

        def plain_step(image: np.ndarray, loop: PlainLoop = plain) -> object:
            return loop.step(image.astype(np.float32) / 255)

        times = [(block(plain_step, images), block(stream.push, images)) for _ in range(ROUNDS)]
        ratio = statistics.median(ours / theirs for theirs, ours in times)
        theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
        limit = "" if bound is None else f"{bound:.2f}"
        print(f"| {path.stem} | {theirs:.2f} | {ours:.2f} | {ratio:.2f} | {limit} |")
