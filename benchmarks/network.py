"""The network in PyTorch: a training step against a plain 5-D one, and `step` on three engines."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.plain_network import PlainNetwork
from movinet.network import MoViNet, NetworkConfig, State

BATCH, FRAMES, SIDE, ROUNDS, BOUND = 8, 8, 172, 7, 0.7
STEPS, DROPPED = 40, 10


def training_step(net: nn.Module, clips: Tensor, classes: Tensor) -> float:
    """Seconds for forward and backward."""
    net.zero_grad()
    begin = time.perf_counter()
    nn.functional.cross_entropy(net(clips), classes).backward()
    return time.perf_counter() - begin


def train() -> None:
    """Print the table of the training step."""
    torch.manual_seed(0)
    ours = MoViNet(NetworkConfig.of("a0", "stream", dropout=0.0, drop_path=0.0))
    for parameter in ours.parameters():
        if parameter.dim() == 0:  # an untrained layer scale of 0 would hide differences
            nn.init.constant_(parameter, 0.5)
    plain = PlainNetwork()
    plain.load_from(ours)
    clips, classes = torch.rand(BATCH, 3, FRAMES, SIDE, SIDE), torch.randint(0, 600, (BATCH,))
    with torch.inference_mode():
        expected = plain.eval()(clips)
        difference = float((ours.eval()(clips) - expected).abs().max() / expected.std())
    if difference > 1e-4:
        raise SystemExit(f"the two networks are not the same: {difference}")
    ours.train()
    plain.train()
    for net in (plain, ours):
        training_step(net, clips, classes)
    times = [
        (training_step(plain, clips, classes), training_step(ours, clips, classes))
        for _ in range(ROUNDS)
    ]
    ratio = statistics.median(b / a for a, b in times)
    a, b = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{BATCH} clips of {FRAMES} frames, {SIDE}x{SIDE}, {torch.get_num_threads()} threads.\n")
    print("| training step, A0 stream | plain, 5-D, s | movinet, s | ratio | at most |")
    print("|---|---|---|---|---|")
    print(f"| forward and backward | {a:.2f} | {b:.2f} | {ratio:.2f} | {BOUND:.2f} |")


def milliseconds(step: Callable[[Any], Any], state: Any) -> float:
    """Median of a step that carries its state."""
    times = []
    for number in range(STEPS):
        begin = time.perf_counter()
        state = step(state)
        if number >= DROPPED:
            times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


class Exported(nn.Module):
    """A step with states as inputs and outputs one by one."""

    def __init__(self, net: MoViNet, names: list[str]) -> None:
        super().__init__()
        self.net, self.names = net, names

    def forward(self, frame: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The logits, then the states in the same order."""
        state = State(dict(zip(self.names, states, strict=True)))
        logits, after = self.net.step(frame, state)
        return (logits, *(after[name] for name in self.names))


def onnx_step(net: MoViNet, frame: Tensor) -> tuple[Callable[[Any], Any], Any]:
    """A step of the same network on ONNX Runtime, one thread, and its first state."""
    import onnxruntime

    state = net.initial_state()
    names = list(state)
    outputs = ["logits", *(f"{name}_out" for name in names)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = str(Path(folder) / "step.onnx")
        torch.onnx.export(
            Exported(net, names),
            (frame, *(state[name] for name in names)),
            path,
            input_names=["image", *names],
            output_names=outputs,
            dynamo=True,
            verbose=False,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options)
    image = frame.numpy()

    def step(values: list[np.ndarray]) -> list[np.ndarray]:
        feed = dict(zip(names, values, strict=True))
        return list(session.run(outputs, {"image": image, **feed})[1:])

    return step, [state[name].numpy() for name in names]


def steps() -> None:
    """Print the table of `step`."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = MoViNet(NetworkConfig.of("a0", "stream")).eval()
    fused = net.fuse()
    frame = torch.rand(1, 3, SIDE, SIDE)
    with torch.no_grad():
        compiled = torch.compile(fused.step)
        session, first = onnx_step(fused, frame)
        rows = {
            "PyTorch, eager": (lambda s: net.step(frame, s)[1], net.initial_state()),
            "PyTorch, eager, fused": (lambda s: fused.step(frame, s)[1], net.initial_state()),
            "PyTorch, compiled, fused": (lambda s: compiled(frame, s)[1], net.initial_state()),
            "ONNX Runtime, fused": (session, first),
        }
        # In turns, so that what else the machine does falls on all alike.
        times = [[milliseconds(*row) for row in rows.values()] for _ in range(5)]
    print("\n| `step`, A0 stream, 172x172, one thread | ms | of eager |")
    print("|---|---|---|")
    eager = [turn[0] for turn in times]
    for number, name in enumerate(rows):
        column = [turn[number] for turn in times]
        ratio = statistics.median(b / a for a, b in zip(eager, column, strict=True))
        print(f"| {name} | {statistics.median(column):.1f} | {ratio:.2f} |")


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(os.cpu_count() or 1)
    train()
    steps()
