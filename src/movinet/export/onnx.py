"""A graph as an `.onnx` file, opset 18.

ONNX convolutions want channels before rows and columns, so every value of four axes is
`[N, C, H, W]` here, states included. The picture comes in as `[1, H, W, 3]` and is turned once. A
value may have one name only, so a state `state_x` comes out as `state_x_out`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from movinet.errors import MissingExtraError, ModelError
from movinet.export.graph import (
    Array,
    AveragePool,
    Binary,
    BinaryKind,
    Concatenate,
    Convolution,
    Depthwise,
    Fused,
    Graph,
    Mean,
    Operation,
    Reshape,
    Slice,
    Unary,
    UnaryKind,
)
from movinet.network.layers import same_padding

OPSET = 18
# The oldest that knows this opset, so that old readers can read it.
IR_VERSION = 8
_LARGEST_HALF = float(np.finfo(np.float16).max)
_UNARY: dict[UnaryKind, str] = {
    "hard_swish": "HardSwish",
    "sigmoid": "Sigmoid",
    "sin": "Sin",
    "cos": "Cos",
    "relu": "Relu",
}
_BINARY: dict[BinaryKind, str] = {"add": "Add", "multiply": "Mul", "divide": "Div"}
_TO_CHANNELS_FIRST = (0, 3, 1, 2)
# Axis of [N, H, W, C] -> axis of [N, C, H, W].
_AXIS = (0, 2, 3, 1)


def write_onnx(graph: Graph, *, half: bool = False) -> bytes:
    """The bytes of an `.onnx` file; the same graph always gives the same bytes.

    Args:
        graph: a float32 graph; integers are not written.
        half: store the weights of convolutions as float16, which halves the file. They are cast to
            float32 in front of whoever reads them, so what is computed is float32; engines do it
            once, as they load the file.

    Raises:
        MissingExtraError: without the package `onnx`.
        ModelError: a weight is too large for float16.
    """
    return _Writer(graph, half).model()


def channels_first(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of a value in the file."""
    return tuple(shape[axis] for axis in _TO_CHANNELS_FIRST) if len(shape) == 4 else tuple(shape)


class _Writer:
    def __init__(self, graph: Graph, half: bool) -> None:
        try:
            from onnx import helper, numpy_helper
        except ImportError as error:
            raise MissingExtraError("writing ONNX", "export") from error

        self.helper: Any = helper
        self.to_tensor: Any = numpy_helper.from_array
        self.graph = graph
        self.half = half
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        # Value of the graph -> its name in the file, where that is another.
        self.names: dict[str, str] = {}

    def model(self) -> bytes:
        """All of it."""
        graph = self.graph
        inputs = [self._input(name) for name in graph.inputs]
        outputs, repeated = self._outputs()
        for operation in graph.operations:
            self._write(operation)
        for value, name in repeated:
            self._node("Identity", [self._name(value)], name)
        made = self.helper.make_graph(
            self.nodes, "movinet", inputs, outputs, list(self.constants.values())
        )
        model = self.helper.make_model(
            made,
            opset_imports=[self.helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="movinet",
        )
        data: bytes = model.SerializeToString(deterministic=True)
        return data

    # -- names -------------------------------------------------------------

    def _info(self, name: str, shape: Sequence[int]) -> Any:  # noqa: ANN401 (untyped library)
        from onnx import TensorProto

        return self.helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    def _input(self, name: str) -> Any:  # noqa: ANN401 (untyped library)
        shape = self.graph.shape(name)
        if name in self.graph.states:
            return self._info(name, channels_first(shape))
        self.names[name] = self._node(
            "Transpose", [name], f"{name}/channels_first", perm=list(_TO_CHANNELS_FIRST)
        )
        return self._info(name, shape)

    def _outputs(self) -> tuple[list[Any], list[tuple[str, str]]]:
        """What comes out, and (value, name) of what must be repeated under another name."""
        computed = {operation.output for operation in self.graph.operations}
        outputs, repeated = [], []
        for public, value in self.graph.outputs.items():
            name = f"{public}_out" if public in self.graph.inputs else public
            if value in computed and value not in self.names:
                self.names[value] = name
            else:
                repeated.append((value, name))
            outputs.append(self._info(name, channels_first(self.graph.shape(value))))
        return outputs, repeated

    def _name(self, value: str) -> str:
        """The name of a value in the file; a constant is written when it is first asked for."""
        if value in self.graph.constants:
            array = self.graph.constants[value]
            return self._constant(value, array.transpose(_TO_CHANNELS_FIRST))
        return self.names.get(value, value)

    # -- nodes -------------------------------------------------------------

    def _node(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(
            self.helper.make_node(kind, list(inputs), [output], name=output, **attributes)
        )
        return output

    def _constant(self, name: str, array: Array) -> str:
        if name not in self.constants:
            self.constants[name] = self.to_tensor(np.ascontiguousarray(array), name)
        return name

    def _integers(self, *values: int) -> str:
        return self._constant("/".join(("integers", *map(str, values))), np.array(values, np.int64))

    def _weight(self, name: str, array: Array) -> str:
        if not self.half:
            return self._constant(name, array)
        if np.abs(array).max() > _LARGEST_HALF:
            raise ModelError(f"cannot write float16: {name} has weights beyond {_LARGEST_HALF:g}")
        from onnx import TensorProto

        self._constant(f"{name}/half", array.astype(np.float16))
        return self._node("Cast", [f"{name}/half"], name, to=TensorProto.FLOAT)

    def _fused(self, fused: Fused, output: str) -> tuple[str, str]:
        """Name of what comes before the activation, and of the whole."""
        name = self._name(output)
        return (name if fused == "none" else f"{output}/before"), name

    def _activate(self, fused: Fused, before: str, name: str) -> None:
        if fused == "relu":
            self._node("Relu", [before], name)
        elif fused == "relu6":
            zero = self._constant("zero", np.array(0, np.float32))
            six = self._constant("six", np.array(6, np.float32))
            self._node("Clip", [before, zero, six], name)

    def _write(self, operation: Operation) -> None:
        output = self._name(operation.output)
        match operation:
            case Convolution() | Depthwise():
                self._convolution(operation)
            case AveragePool():
                pads = self._pads(operation.input, (3, 3), 2)
                self._node(
                    "AveragePool",
                    [self._name(operation.input)],
                    output,
                    kernel_shape=[3, 3],
                    strides=[2, 2],
                    pads=pads,
                    count_include_pad=0,
                )
            case Mean(axes=(1, 2)):
                self._node("GlobalAveragePool", [self._name(operation.input)], output)
            case Mean():
                axes = self._integers(*sorted(_AXIS[axis] for axis in operation.axes))
                self._node("ReduceMean", [self._name(operation.input), axes], output, keepdims=1)
            case Binary():
                before, name = self._fused(operation.fused, operation.output)
                sides = [self._name(operation.left), self._name(operation.right)]
                self._node(_BINARY[operation.kind], sides, before)
                self._activate(operation.fused, before, name)
            case Unary(kind="relu6"):
                self._activate("relu6", self._name(operation.input), output)
            case Unary():
                self._node(_UNARY[operation.kind], [self._name(operation.input)], output)
            case Concatenate():
                parts = [self._name(part) for part in operation.parts]
                self._node("Concat", parts, output, axis=_AXIS[operation.axis])
            case Slice():
                start, end = operation.start, operation.start + operation.length
                places = [self._integers(n) for n in (start, end, _AXIS[operation.axis])]
                self._node("Slice", [self._name(operation.input), *places], output)
            case Reshape():
                self._reshape(operation)
            case _:
                raise ModelError(f"ONNX files are not written with {type(operation).__name__}")

    def _pads(self, value: str, kernel: tuple[int, int], stride: int) -> list[int]:
        _, height, width, _ = self.graph.shape(value)
        above, below = same_padding(height, kernel[0], stride)
        left, right = same_padding(width, kernel[1], stride)
        return [above, left, below, right]

    def _convolution(self, operation: Convolution | Depthwise) -> None:
        weight = self.graph.constants[operation.weight]
        kernel = weight.shape[1], weight.shape[2]
        depthwise = isinstance(operation, Depthwise)
        before, name = self._fused(operation.fused, operation.output)
        self._node(
            "Conv",
            [
                self._name(operation.input),
                self._weight(
                    operation.weight, weight.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
                ),
                self._constant(operation.bias, self.graph.constants[operation.bias]),
            ],
            before,
            kernel_shape=list(kernel),
            strides=[operation.stride] * 2,
            pads=self._pads(operation.input, kernel, operation.stride)
            if operation.same
            else [0] * 4,
            group=weight.shape[3] if depthwise else 1,
        )
        self._activate(operation.fused, before, name)

    def _reshape(self, operation: Reshape) -> None:
        """The same elements in the order of channels-last: frames may become rows."""
        source, target = self.graph.shape(operation.input), self.graph.shape(operation.output)
        x, output = self._name(operation.input), self._name(operation.output)
        if len(source) == len(target) == 4 and source[3] == target[3] > 1:
            if source[0] > 1:  # [N, C, H, W] to [C, N, H, W]; for one frame they are the same
                x = self._node("Transpose", [x], f"{output}/turned", perm=[1, 0, 2, 3])
            if target[0] > 1:
                shape = self._integers(target[3], target[0], target[1], target[2])
                x = self._node("Reshape", [x, shape], f"{output}/moved")
                self._node("Transpose", [x], output, perm=[1, 0, 2, 3])
                return
        self._node("Reshape", [x, self._integers(*channels_first(target))], output)
