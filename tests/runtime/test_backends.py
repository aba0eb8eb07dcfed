"""The table of backends, and which of them is taken for which file."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from kit import child
from kit.opening import ENGINES, need, write
from kit.tiny_model import DELAYED_BEHIND, SUM, TINY, VARIANTS, images
from kit.tiny_onnx import tiny_onnx
from movinet.errors import MissingExtraError, ModelError, UsageError
from movinet.models import read_info
from movinet.runtime import BACKENDS, open_model
from movinet.runtime.arraystate import ArrayModel
from movinet.runtime.litert import LiteRTModel


def test_the_table_names_each_backend_once():
    assert list(BACKENDS) == ["litert", "onnxruntime", "openvino"]
    for name, backend in BACKENDS.items():
        assert backend.name == name
        assert set(backend.kinds) <= {".tflite", ".onnx"}
        assert set(backend.precisions) <= {"float32", "float16", "dynamic", "int8"}


def test_a_tflite_goes_to_litert(tmp_path):
    assert isinstance(open_model(write(TINY, tmp_path, ".tflite")), LiteRTModel)


def test_an_onnx_goes_to_onnx_runtime_whatever_it_is_called(tmp_path):
    need("onnxruntime", ".onnx")
    path = write(TINY, tmp_path, ".onnx")
    assert type(open_model(path)).__name__ == "OnnxModel"
    assert type(open_model(path.rename(tmp_path / "model"))).__name__ == "OnnxModel"


def test_a_backend_that_does_not_read_the_file(tmp_path):
    path = write(TINY, tmp_path, ".tflite")
    with pytest.raises(UsageError) as caught:
        open_model(path, backend="onnxruntime")
    assert str(caught.value) == (
        f"{path} is a .tflite file, and the onnxruntime backend reads .onnx files: "
        "use litert or openvino"
    )


def test_litert_does_not_read_onnx(tmp_path):
    pytest.importorskip("onnx")
    path = write(TINY, tmp_path, ".onnx")
    with pytest.raises(
        UsageError, match=r"is an \.onnx file, and the litert backend reads \.tflite"
    ):
        open_model(path, backend="litert")


def test_a_precision_that_a_backend_does_not_run(tmp_path):
    path = replace(TINY, weights="int8").write(tmp_path / "tiny.tflite")
    with pytest.raises(UsageError) as caught:
        open_model(path, backend="openvino")
    assert str(caught.value) == (
        f"{path} is int8, and the openvino backend runs float32 and float16: use litert"
    )


@pytest.mark.parametrize(
    ("backend", "kind", "extra"),
    [("onnxruntime", ".onnx", "onnx"), ("openvino", ".tflite", "openvino")],
)
def test_a_backend_that_is_not_installed(backend, kind, extra, tmp_path, monkeypatch):
    if kind == ".onnx":
        pytest.importorskip("onnx")
    path = write(TINY, tmp_path, kind)
    monkeypatch.setitem(sys.modules, backend, None)
    if backend == "openvino":
        from movinet.runtime.openvino import _core

        _core.cache_clear()
    with pytest.raises(MissingExtraError) as caught:
        open_model(path, backend=backend)
    assert str(caught.value) == (
        f"the {backend} backend needs an extra: pip install 'movinet[{extra}]'"
    )


_OPEN_AND_STEP = """
import sys
import movinet
from kit.tiny_model import images
model = movinet.open_model(sys.argv[1], backend=sys.argv[2])
model.step(images(1)[0], model.initial_state())
try:
    movinet.open_model(sys.argv[3], info=model.info, backend=sys.argv[2])
except movinet.MovinetError as error:
    print(error)
"""


@pytest.mark.parametrize(("backend", "kind"), ENGINES, ids="".join)
def test_engines_are_silent_and_a_damaged_file_is_one_line(backend, kind, tmp_path):
    need(backend, kind)
    path = write(TINY, tmp_path, kind)
    damaged = tmp_path / f"damaged{kind}"
    damaged.write_bytes(path.read_bytes()[:-400])
    done = child.python(_OPEN_AND_STEP, path, backend, damaged)
    said = done.stdout.decode()
    assert said.startswith(f"cannot use {damaged}: ")
    assert said.count("\n") == 1
    assert done.stderr == b""


@pytest.mark.parametrize(("backend", "kind"), ENGINES, ids="".join)
def test_a_contract_of_another_file(backend, kind, tmp_path):
    need(backend, kind)
    path = write(TINY, tmp_path, kind)
    info = read_info(write(VARIANTS["delayed behind"], tmp_path, kind))
    with pytest.raises(ModelError, match=f"^cannot use .*: it has no '{DELAYED_BEHIND}"):
        open_model(path, info=info, backend=backend)


def test_nothing_is_copied_on_onnx_runtime(tmp_path):
    """What one step writes is what the next one reads, in the same memory."""
    need("onnxruntime", ".onnx")
    model = open_model(write(TINY, tmp_path, ".onnx"))
    assert isinstance(model, ArrayModel)
    state, seen = model.initial_state(), set()
    for image in images(10):
        _, state = model.step(image, state)
        seen.add(state.slots[SUM].array.ctypes.data)
    assert len(seen) == 2  # two arrays that take turns


def test_a_delay_line_only_changes_places(tmp_path):
    need("onnxruntime", ".onnx")
    info = read_info(write(VARIANTS["delayed behind"], tmp_path, ".onnx"))
    path = write(VARIANTS["delayed behind"], tmp_path, ".onnx")
    moving = tuple(
        replace(pair, output=None, moves_from="state_block1_layer0_stream_buffer")
        if pair.name == DELAYED_BEHIND
        else pair
        for pair in info.states
    )
    model = open_model(path, info=replace(info, states=moving))
    plain = open_model(path)
    one, two = model.initial_state(), plain.initial_state()
    for image in images(6):
        before = one.slots["state_block1_layer0_stream_buffer"].array
        logits, one = model.step(image, one)
        wanted, two = plain.step(image, two)
        np.testing.assert_array_equal(logits, wanted)
        assert one.to_bytes() == two.to_bytes()
        assert one.slots[DELAYED_BEHIND].array is before


def test_a_file_that_fails_only_when_it_runs(tmp_path):
    """Its shapes fit on paper, but not the numbers in it."""
    need("onnxruntime", ".onnx")
    import onnx

    model = onnx.load_from_string(tiny_onnx(TINY))
    cast = next(node for node in model.graph.node if node.op_type == "Reshape")
    constant = next(c for c in model.graph.initializer if c.name == cast.input[1])
    constant.CopyFrom(onnx.helper.make_tensor(constant.name, onnx.TensorProto.INT64, [1], [-1]))
    shape = onnx.helper.make_node("Shape", ["image"], ["measured"])
    model.graph.node.insert(0, shape)
    less = onnx.helper.make_node("Add", ["measured", constant.name], ["less"])
    model.graph.node.insert(1, less)
    cast.input[1] = "less"
    path = tmp_path / "tiny.onnx"
    path.write_bytes(model.SerializeToString())
    model = open_model(path)
    state = model.initial_state()
    with pytest.raises(ModelError, match=r"^tiny cannot be run \(.*\)$"):
        model.step(images(1)[0], state)
