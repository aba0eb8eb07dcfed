"""Exported as .onnx, the network of the official checkpoint still gives the official numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kit.real import GOLDEN, OFFICIAL
from movinet.export.lowering import lower_step
from movinet.export.onnx import write_onnx
from movinet.models import read_info
from movinet.models.onnxfile import pack_onnx
from movinet.runtime import StepModel, open_model
from real.test_golden_network import imported, video
from real.test_tensorflow_weights import case


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return lower_step(imported("a0_stream", tmp_path_factory.mktemp("a0")), embedding=True)


def furthest(model: StepModel) -> float:
    """The largest difference from the official logits over the whole video."""
    clip = np.ascontiguousarray(video(case("a0_stream"))[0].permute(1, 2, 3, 0))
    state, differences = model.initial_state(), []
    for frame, wanted in zip(clip, np.load(GOLDEN / "a0_stream.npz")["stream_logits"], strict=True):
        logits, state = model.step(frame, state)
        differences.append(abs(logits - wanted).max())
    return max(differences)


# Measured: 3e-6 on ONNX Runtime, 4e-6 on OpenVINO; with weights in float16, 2e-3 on both.
@pytest.mark.parametrize(
    ("backend", "half", "tolerance"),
    [
        ("onnxruntime", False, 1e-4),
        ("openvino", False, 1e-3),
        ("onnxruntime", True, 0.01),
        ("openvino", True, 0.01),
    ],
)
def test_the_official_numbers(backend, half, tolerance, graph, tmp_path):
    path = tmp_path / "a0.onnx"
    path.write_bytes(write_onnx(graph, half=half))
    info = replace(read_info(path), licence="none", labels=tuple(map(str, range(600))))
    path.write_bytes(pack_onnx(path.read_bytes(), info))
    model = open_model(path, backend=backend)
    assert (model.info.variant, model.info.form) == ("a0", "stream")
    assert model.info.precision == ("float16" if half else "float32")
    assert furthest(model) <= tolerance


def test_openvino_reads_the_official_float_file():
    """Measured: 4e-6."""
    path = OFFICIAL / "official_a0_stream_float32.tflite"
    assert furthest(open_model(path, backend="openvino")) <= 1e-3
