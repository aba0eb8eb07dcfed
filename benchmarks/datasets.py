"""Clips on their way into training: decoding into the cache, augmentation, batches."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.real import REAL
from movinet.datasets import Augmentation, Batches, cache_clips, read_dataset, stored_size, view

FPS, SIZE, FRAMES, BATCH, ROUNDS = 5, 172, 16, 8, 60


def decoding(folder: Path, cache: Path) -> None:
    """Print the table of the cache."""
    data = read_dataset(folder)
    print(f"{len(data)} clips of `{folder.name}`, {FPS} pictures a second, {stored_size(SIZE)}².\n")
    print("| workers | clips a second |\n|---|---|")
    for workers in (1, 2):
        best = 0.0
        for number in range(2):
            begin = time.perf_counter()
            cache_clips(
                data,
                fps=FPS,
                size=stored_size(SIZE),
                folder=cache / f"{workers}-{number}",
                workers=workers,
            )
            best = max(best, len(data) / (time.perf_counter() - begin))
        print(f"| {workers} | {best:.1f} |", flush=True)


def augmenting() -> None:
    """Print the table of what is done to a window, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    side = stored_size(SIZE)
    clip = np.random.default_rng(0).integers(0, 256, (40, side, side, 3), np.uint8)
    generator, augmentation = torch.Generator().manual_seed(0), Augmentation()
    out = torch.empty(FRAMES, SIZE, SIZE, 3)
    jobs: dict[str, Callable[[], object]] = {
        "augmented": lambda: augmentation(clip, FRAMES, SIZE, generator, out=out),
        "view": lambda: view(clip, SIZE, FRAMES, out=out),
    }
    print(f"\n{FRAMES} frames of {side}² to {SIZE}², one thread.\n")
    print("| | least, ms | median, ms |\n|---|---|---|")
    for name, job in jobs.items():
        times = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            job()
            times.append(1000 * (time.perf_counter() - begin))
        print(f"| {name} | {min(times):.2f} | {statistics.median(times):.2f} |", flush=True)
    torch.set_num_threads(threads)


def loading(folder: Path, cache: Path) -> None:
    """Print the table of whole batches."""
    cached = cache_clips(read_dataset(folder), fps=FPS, size=stored_size(SIZE), folder=cache)
    print(f"\nBatches of {BATCH}, {FRAMES} frames, from the cache.\n")
    print("| workers | clips a second |\n|---|---|")
    for workers in (1, 2):
        best = 0.0
        for epoch in range(4):
            batches = Batches(
                cached,
                batch=BATCH,
                frames=FRAMES,
                size=SIZE,
                epoch=epoch,
                augmentation=Augmentation(),
                workers=workers,
            )
            begin = time.perf_counter()
            count = sum(len(batch.indices) for batch in batches)
            best = max(best, count / (time.perf_counter() - begin))
        print(f"| {workers} | {best:.0f} |", flush=True)


def main() -> None:
    """Print the tables."""
    folder = REAL / "finetune"
    with tempfile.TemporaryDirectory() as place:
        decoding(folder, Path(place))
        augmenting()
        loading(folder, Path(place) / "1-0")
