"""Exported networks, through `open_model`, against the official tool's files in the plain loop."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.plain_loop import PlainLoop
from benchmarks.push import BLOCK, DROPPED, block
from benchmarks.real import INT8, OFFICIAL, REAL
from movinet.export import export
from movinet.export.clips import read_clips
from movinet.frames.discovery import find_videos
from movinet.network import MoViNet, NetworkConfig
from movinet.runtime import open_model
from movinet.weights import Said, read

ROUNDS = 9  # three runs of three blocks

Step = Callable[[np.ndarray], object]


def ours(path: Path) -> Step:
    """A step of an exported file, state carried."""
    model = open_model(path)
    state = model.initial_state()

    def step(image: np.ndarray) -> object:
        nonlocal state
        logits, state = model.step(image, state)
        return logits

    return step


def theirs(path: Path) -> Step:
    """A step of a file in the plain loop."""
    loop = PlainLoop(path)
    return lambda image: loop.step(image.astype(np.float32) / 255)


def drawn(variant: str) -> MoViNet:
    """A network whose weights do not matter."""
    net = MoViNet(NetworkConfig.of(variant, "stream")).eval()
    for parameter in net.parameters():
        if parameter.dim() == 0:  # untrained layer scales are 0
            nn.init.constant_(parameter, 0.5)
    return net


def main() -> None:
    """Print the tables."""
    torch.manual_seed(0)
    golden = read(REAL / "golden" / "a0_stream.ckpt", Said(gate="relu6")).net
    lite = read(INT8).net
    clips = read_clips(find_videos(str(REAL / "finetune")), golden.info).frames
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files: dict[str, Path] = {}
        for label, net, precisions in (
            ("A0 stream", golden, ("float32", "float16", "dynamic", "int8")),
            ("A0 lite", lite, ("float32", "float16", "dynamic", "int8")),
            ("A2 stream", drawn("a2"), ("float32",)),
        ):
            for precision in precisions:
                path = folder / f"{label} {precision}.tflite"
                export(net, path, precision=precision, clips=clips)
                files[f"{label} {precision}"] = path
        compare(files)


def compare(files: dict[str, Path]) -> None:
    """Time all of them in turns."""
    official = {
        "official A0 stream float32": OFFICIAL / "official_a0_stream_float32.tflite",
        "official A0 stream dynamic": OFFICIAL / "official_a0_stream_dynamic.tflite",
        "official A0 stream int8": OFFICIAL / "official_a0_stream_int8.tflite",
        "official A0 lite int8": INT8,
        "official A2 stream": OFFICIAL / "official_a2_stream_dynamic.tflite",
    }
    steps = {name: theirs(path) for name, path in official.items()}
    steps |= {name: ours(path) for name, path in files.items()}
    random = np.random.default_rng(0)
    images = {
        side: [random.integers(0, 256, (side, side, 3), np.uint8) for _ in range(7)]
        for side in (172, 224)
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            times[name].append(block(step, images[224 if "A2" in name else 172]))
    print(f"One thread, in turns of {BLOCK} steps, {DROPPED} of them dropped, {ROUNDS} rounds.\n")
    print("| file | MB | ms | against | ratio | at most |")
    print("|---|---|---|---|---|---|")
    for name, path in {**official, **files}.items():
        size = path.stat().st_size / 1e6
        median = statistics.median(times[name])
        for rival, bound in RIVALS.get(name, [("", None)]):
            ratio = f"{_ratio(times[name], times[rival]):.2f}" if rival else ""
            limit = "" if bound is None else f"{bound:.2f}"
            print(f"| {name} | {size:.1f} | {median:.2f} | {rival} | {ratio} | {limit} |")


def _ratio(times: list[float], others: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, others, strict=True))


RIVALS: dict[str, list[tuple[str, float | None]]] = {
    "A0 stream float32": [("official A0 stream float32", 0.80)],
    "A0 stream float16": [("official A0 stream float32", None)],
    "A0 stream dynamic": [("official A0 stream dynamic", 0.70)],
    "A0 stream int8": [("official A0 stream int8", 0.26), ("A0 stream float32", 0.75)],
    "A0 lite float32": [("official A0 lite int8", None)],
    "A0 lite dynamic": [("official A0 lite int8", None)],
    "A0 lite int8": [("official A0 lite int8", 0.72), ("A0 lite float32", None)],
    "A2 stream float32": [("official A2 stream", 0.85)],
}
