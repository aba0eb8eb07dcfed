"""One step of A0 on each backend, on one thread, from files that hold the same network."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from movinet.export.litert import write_tflite
from movinet.export.lowering import lower_step
from movinet.export.onnx import write_onnx
from movinet.network import MoViNet, NetworkConfig
from movinet.runtime import StepModel, open_model

RUNS, BLOCKS, STEPS, DROPPED = 3, 8, 25, 5


def milliseconds(models: dict[str, StepModel]) -> dict[str, float]:
    """Median of a step, state traffic included; in blocks, so that drift falls on all alike."""
    image = np.random.default_rng(0).integers(0, 256, (172, 172, 3), np.uint8)
    states = {name: model.initial_state() for name, model in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(BLOCKS):
        for name, model in models.items():
            for number in range(STEPS):
                begin = time.perf_counter()
                _, states[name] = model.step(image, states[name])
                if number >= DROPPED:
                    times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) * 1e3 for name, values in times.items()}


def compare(form: str, folder: Path) -> None:
    """Print the rows of one form."""
    torch.manual_seed(0)
    graph = lower_step(MoViNet(NetworkConfig.of("a0", form)).eval())
    files = {
        "litert": ("a0.tflite", write_tflite(graph)),
        "onnxruntime": ("a0.onnx", write_onnx(graph)),
        "openvino": ("a0.onnx", write_onnx(graph)),
    }
    models = {}
    for backend, (name, data) in files.items():
        (folder / name).write_bytes(data)
        models[backend] = open_model(folder / name, backend=backend)
    runs = [milliseconds(models) for _ in range(RUNS)]
    for name in models:
        ratio = statistics.median(run[name] / run["litert"] for run in runs)
        print(
            f"| A0 {form} | {name} | {statistics.median(r[name] for r in runs):.1f} | {ratio:.2f} |"
        )


def main() -> None:
    """Print the table."""
    print("| float32, one thread | backend | step, ms | of LiteRT |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for form in ("stream", "lite"):
            compare(form, Path(folder))


if __name__ == "__main__":
    main()
