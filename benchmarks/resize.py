"""The resize in NumPy against torch's `interpolate`, both on one thread."""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch

from movinet.frames import Resizer

ROUNDS = 200


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print("| resize to 172x172 | torch `interpolate`, ms | movinet, ms | ratio | at most |")
    print("|---|---|---|---|---|")
    for height, width in ((720, 1280), (1080, 1920), (320, 568)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        planes = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        resizer = Resizer(172, 172)
        times = []
        for _ in range(ROUNDS):
            a = time.perf_counter()
            torch.nn.functional.interpolate(planes, (172, 172), mode="bilinear")
            b = time.perf_counter()
            resizer(image)
            times.append((b - a, time.perf_counter() - b))
        theirs, ours = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
        bound = "2.00" if height == 720 else ""
        print(f"| {width}x{height} | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} | {bound} |")
