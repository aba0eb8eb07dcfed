"""The tiny streaming network as an .onnx file: the same numbers as the .tflite of `TinyModel`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kit.tiny_model import BUFFER, COUNT, HEIGHT, LAYER_COUNT, LAYER_SUM, SUM, WIDTH, TinyModel


def tiny_onnx(tiny: TinyModel, properties: Mapping[str, str] | None = None) -> bytes:
    """The file. `properties` go into its metadata."""
    from onnx import TensorProto, helper, numpy_helper

    types = {
        "float32": TensorProto.FLOAT,
        "int32": TensorProto.INT32,
        "float16": TensorProto.FLOAT16,
    }
    initial, nodes, constants = tiny.initial(), [], []
    inputs, outputs = {}, {}
    row, channels = initial[SUM].shape, tiny.channels

    def info(name, shape, dtype="float32"):
        return helper.make_tensor_value_info(name, types[dtype], list(shape))

    def constant(values: np.ndarray) -> str:
        name = f"constant{len(constants)}"
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(kind: str, *values: str, **attributes) -> str:
        name = f"value{len(nodes)}"
        nodes.append(helper.make_node(kind, list(values), [name], **attributes))
        return name

    def reshape(value: str, *shape: int) -> str:
        return node("Reshape", value, constant(np.array(shape, np.int64)))

    def matrix(values: np.ndarray, vector: str) -> str:
        if tiny.weights == "float16":
            weight = node("Cast", constant(values.T.astype(np.float16)), to=TensorProto.FLOAT)
        else:
            weight = constant(values.T)
        return node("MatMul", vector, weight)

    def part(value: str, first: int, last: int) -> str:
        places = [constant(np.array([number], np.int64)) for number in (first, last, 1)]
        return node("Slice", value, *places)

    def mean(total: str, count: str) -> str:
        number = node("Cast", count, to=TensorProto.FLOAT)
        return reshape(node("Div", total, number), 1, channels)

    def give(name: str, value: str) -> None:
        """A state comes out under its name and `_out`."""
        nodes.append(helper.make_node("Identity", [value], [f"{name}_out"]))
        state = initial[name]
        outputs[name] = info(f"{name}_out", state.shape, state.dtype.name)

    shape = (1, HEIGHT, WIDTH, 3)
    inputs["image"] = info("image", shape if tiny.image_dims == 4 else (1, *shape))
    for name, value in initial.items():
        inputs[name] = info(name, value.shape, value.dtype.name)
    one = constant(np.ones(1, tiny.count_dtype))
    picture = reshape("image", *shape)
    axes = constant(np.array([1, 2], np.int64))
    feature = node("ReduceMean", picture, axes, keepdims=0)
    if channels != 3:
        feature = node("MatMul", feature, constant(tiny._widen.T))
    feature = reshape(feature, *row)
    total, count = node("Add", SUM, feature), node("Add", COUNT, one)
    give(SUM, total)
    give(COUNT, count)
    longer = node("Concat", BUFFER, feature, axis=1)
    give(BUFFER, part(longer, 1, 3))
    average = mean(total, count)
    past = reshape(part(BUFFER, 0, 1), 1, channels)
    logits = node("Add", matrix(tiny._means, average), matrix(tiny._past, past))
    if tiny.squeeze_excite:
        double = constant(np.full(row, 2, np.float32))
        sums = node("Add", LAYER_SUM, node("Mul", feature, double))
        counts = node("Add", LAYER_COUNT, one)
        give(LAYER_SUM, sums)
        give(LAYER_COUNT, counts)
        logits = node("Add", logits, matrix(tiny._past, mean(sums, counts)))
    else:
        for name in (LAYER_SUM, LAYER_COUNT):  # they go through
            outputs[name] = inputs[name]
    if tiny.passed_on:
        logits = node("Add", logits, matrix(tiny._means, reshape(LAYER_SUM, 1, channels)))
    if tiny.delayed:
        give(tiny.delayed, BUFFER)
        before = reshape(part(tiny.delayed, 0, 1), 1, channels)
        logits = node("Add", logits, matrix(tiny._means, before))
    nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    outputs["logits"] = info("logits", (1, tiny.classes))
    if tiny.embedding:
        nodes.append(helper.make_node("Add", [average, average], ["embedding"]))
        outputs["embedding"] = info("embedding", (1, channels))
    graph = helper.make_graph(
        nodes, "tiny", list(inputs.values()), list(outputs.values()), constants
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="a test"
    )
    helper.set_model_props(model, dict(properties or {}))
    return model.SerializeToString(deterministic=True)
