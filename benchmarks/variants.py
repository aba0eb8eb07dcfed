"""The family as files for LiteRT: size, time of a step, state, streams a core."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.export import ours
from benchmarks.push import block
from movinet.export import Exported, export
from movinet.export.clips import made_up_clip
from movinet.network import FAMILY, MoViNet, NetworkConfig

ROUNDS = 5
# What the official page says of its int8 files, which have the lite form: MB, and milliseconds on
# one core of a Pixel 4.
OFFICIAL = {"a0": (3.1, 5), "a1": (4.5, 8), "a2": (5.1, 15)}
_KINDS = (("lite", "int8"), ("stream", "int8"), ("stream", "dynamic"), ("stream", "float32"))


def drawn(variant: str, form: str) -> MoViNet:
    """A network whose weights do not matter for its speed."""
    net = MoViNet(NetworkConfig.of(variant, form)).eval()
    for name, parameter in net.named_parameters():
        if name.endswith(".scale"):  # untrained, a layer adds nothing to its skip
            nn.init.constant_(parameter, 0.5)
    return net


def main() -> None:
    """Print the table."""
    torch.manual_seed(0)
    print("Weights are drawn, which changes neither size nor time. One thread.\n")
    print("| file | MB | ms a step | state, MB | streams a core | official int8 |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for variant in FAMILY:
            files = []
            for form, precision in _KINDS:
                # From A3 on, trying 8 bits layer by layer takes many minutes.
                if precision == "int8" and variant not in OFFICIAL:
                    continue
                net = drawn(variant, form)
                clips = [
                    made_up_clip(net.info.size, 3 + number)[number % 3 :] for number in range(8)
                ]
                path = Path(name) / f"{variant}-{form}-{precision}.tflite"
                files.append(export(net, path, precision=precision, clips=clips))
            measure(files)


def measure(files: list[Exported]) -> None:
    """Print the rows of one variant, timed in turns."""
    steps = [ours(file.path) for file in files]
    side = files[0].info.size[0]
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (side, side, 3), np.uint8) for _ in range(5)]
    times: list[list[float]] = [[] for _ in files]
    for _ in range(ROUNDS):
        for step, column in zip(steps, times, strict=True):
            column.append(block(step, images))
    for file, column in zip(files, times, strict=True):
        info, median = file.info, statistics.median(column)
        official = ""
        if info.form == "lite" and info.variant in OFFICIAL:
            size, milliseconds = OFFICIAL[info.variant]
            official = f"{size} MB, {milliseconds} ms on a Pixel 4"
        print(
            f"| {info.variant} {info.form} {info.precision} | {file.size / 1e6:.1f} "
            f"| {median:.2f} | {info.state_bytes / 1e6:.2f} "
            f"| {1000 / median / float(info.fps):.0f} | {official} |",
            flush=True,
        )
