"""An .onnx file computes what its list of operations says."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from movinet.errors import MissingExtraError, ModelError
from movinet.export.evaluator import Evaluator
from movinet.export.lowering import lower_clip, lower_step
from movinet.export.onnx import write_onnx
from movinet.models import read_info
from movinet.models.onnxfile import pack_onnx
from movinet.network import MoViNet, NetworkConfig
from movinet.network.layers import same_padding
from movinet.runtime import open_model

SIZE = (45, 38)  # odd and even, so that every kind of padding is met


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """These networks are too small for more; on a busy machine threads wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def untrained(form: str, **options) -> MoViNet:
    """A small network with numbers in it that hide nothing."""
    torch.manual_seed(0)
    net = MoViNet(NetworkConfig.of("t0", form, classes=7, **options)).eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("scale"):
                parameter.normal_(0.5, 0.2)
            elif parameter.dim() == 1:
                parameter += torch.randn_like(parameter) * 0.1
        for name, buffer in net.named_buffers():
            if "mean" in name:
                buffer.normal_(0, 0.1)
            if "var" in name:
                buffer.uniform_(0.5, 1.5)
    net.info = dataclasses.replace(net.info, size=SIZE)
    return net


def channels_first(array: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(array.numpy().transpose(0, 3, 1, 2))


def steps_agree(graph, path, backend: str | None = None) -> None:
    """Feed five frames to the list of operations and to the file."""
    path.write_bytes(write_onnx(graph))
    model = open_model(path, backend=backend)
    evaluator = Evaluator(graph)
    there, here = evaluator.empty_state(), model.initial_state()
    for _ in range(5):
        frame = torch.rand(1, *SIZE, 3)
        with torch.inference_mode():
            values, there = evaluator.step(frame, there)
        logits, here = model.step(frame[0].numpy(), here)
        np.testing.assert_allclose(logits, values["logits"][0], atol=1e-5)
        if "embedding" in graph.outputs:
            np.testing.assert_allclose(
                model.embedding(here), values["embedding"][0], rtol=1e-4, atol=1e-5
            )
        for name, wanted in there.items():
            # States are sums of sums: what is rounded grows with them.
            np.testing.assert_allclose(
                here.get(name), channels_first(wanted), rtol=1e-4, atol=1e-4, err_msg=name
            )


OPTIONS = {
    "as published": {},
    "3-D convolutions": {"conv_type": "3d"},
    "relu6 gate": {"gate": "relu6"},
    "sigmoid gate": {"gate": "sigmoid"},
    "one mean": {"squeeze_excite": "3d"},
    "means of frames": {"squeeze_excite": "2d"},
    "swish": {"activation": "swish"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_stream_network(options, tmp_path):
    steps_agree(lower_step(untrained("stream", **options)), tmp_path / "t0.onnx")


def test_a_lite_network(tmp_path):
    steps_agree(lower_step(untrained("lite")), tmp_path / "t0.onnx")


def test_openvino_agrees(tmp_path):
    steps_agree(lower_step(untrained("stream")), tmp_path / "t0.onnx", "openvino")


def test_windows_plain_activations_and_an_embedding(tmp_path):
    graph = lower_step(
        untrained("stream"), windows=True, plain=["block0_layer0", "head"], embedding=True
    )
    steps_agree(graph, tmp_path / "t0.onnx")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"conv_type": "2plus1d"},
        {"squeeze_excite": "2d"},
        {"squeeze_excite": "2plus3d"},
        {"squeeze_excite": "none"},
    ],
    ids=str,
)
def test_a_base_network_on_a_clip(options):
    import onnxruntime

    graph = lower_clip(untrained("base", **options), 5, embedding=True)
    clip = torch.rand(5, *SIZE, 3)
    with torch.inference_mode():
        values = Evaluator(graph).run({"clip": clip})
    session = onnxruntime.InferenceSession(write_onnx(graph))
    logits, embedding = session.run(["logits", "embedding"], {"clip": clip.numpy()})
    np.testing.assert_allclose(logits, values["logits"], atol=1e-5)
    np.testing.assert_allclose(embedding, values["embedding"], atol=1e-4)


def test_a_clip_model_is_refused_in_words(tmp_path):
    path = tmp_path / "base.onnx"
    path.write_bytes(write_onnx(lower_clip(untrained("base"), 5)))
    assert read_info(path).form == "base"
    with pytest.raises(ModelError, match=r"it takes a whole clip at a time \(base form\)"):
        open_model(path)


# -- the file -----------------------------------------------------------------


@pytest.fixture(scope="module")
def graph():
    return lower_step(untrained("stream"), embedding=True)


def test_the_official_checker_takes_it(graph):
    model = onnx.load_from_string(write_onnx(graph))
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert model.ir_version == 8
    assert model.graph.node[0].op_type == "Transpose"
    assert sum(node.op_type == "Transpose" for node in model.graph.node) == 1


def test_the_same_network_gives_the_same_bytes(graph):
    again = lower_step(untrained("stream"), embedding=True)
    assert write_onnx(graph) == write_onnx(again)
    assert write_onnx(graph, half=True) == write_onnx(again, half=True)


def test_what_the_names_of_the_file_show(graph, tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(write_onnx(graph))
    info = read_info(path)
    assert (info.name, info.variant, info.form, info.precision) == (
        "small",
        "t0",
        "stream",
        "float32",
    )
    assert info.image.shape == (1, *SIZE, 3)
    assert info.logits.shape == (1, 7)
    assert info.embedding is not None
    assert {state.name for state in info.states} == set(graph.states)
    assert {s.name: s.moves_from for s in info.states if s.output is None} == graph.moves


def test_half_the_size(graph, tmp_path):
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    whole.write_bytes(write_onnx(graph))
    half.write_bytes(write_onnx(graph, half=True))
    assert half.stat().st_size < 0.62 * whole.stat().st_size
    assert read_info(half).precision == "float16"
    answers = []
    for path in (whole, half):
        model = open_model(path)
        logits, _ = model.step(np.full((*SIZE, 3), 100, np.uint8), model.initial_state())
        answers.append(logits)
    np.testing.assert_allclose(answers[1], answers[0], atol=0.02)
    assert (answers[1] != answers[0]).any()


def test_weights_too_large_for_half(graph):
    name = next(operation.weight for operation in graph.operations if hasattr(operation, "weight"))
    constants = graph.constants | {name: graph.constants[name] * 1e8}
    with pytest.raises(ModelError, match=f"cannot write float16: {name} has weights beyond 65504"):
        write_onnx(replace(graph, constants=constants), half=True)


def test_a_contract_goes_round(graph, tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(write_onnx(graph))
    labels = tuple("abcdefg")
    info = replace(read_info(path), name="mine", labels=labels, temperature=2.0, licence="MIT")
    path.write_bytes(pack_onnx(path.read_bytes(), info))
    assert read_info(path) == replace(info, contract="movinet.json")
    assert open_model(path).info.label(2) == "c"


def test_without_the_package(graph, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'movinet\[export\]'"):
        write_onnx(graph)


@given(st.integers(1, 300), st.integers(1, 7), st.integers(1, 2))
def test_same_padding_is_that_of_tensorflow(size, kernel, stride):
    before, behind = same_padding(size, kernel, stride)
    assert 0 <= before <= behind <= before + 1
    if before + behind:  # exactly enough for ceil(size / stride) places
        assert (size + before + behind - kernel) / stride + 1 == -(-size // stride)
    assert (size + before + behind - kernel) // stride + 1 >= -(-size // stride)
