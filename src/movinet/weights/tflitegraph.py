"""A .tflite file as a graph: operators, tensors, and constants as float32 arrays.

Only what reading weights needs is read. Whatever does not add up ends in `ModelError`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from movinet.errors import ModelError
from movinet.models.flatbuffer import Table
from movinet.weights.found import Array

IDENTIFIER = b"TFL3"
DAMAGED = "the file is damaged or cut short"

# The numbers are those of the TensorFlow Lite schema. An operator that is not here is "operator N".
_OPERATORS = {
    0: "ADD",
    1: "AVERAGE_POOL_2D",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    9: "FULLY_CONNECTED",
    14: "LOGISTIC",
    18: "MUL",
    19: "RELU",
    21: "RELU6",
    22: "RESHAPE",
    25: "SOFTMAX",
    40: "MEAN",
    41: "SUB",
    42: "DIV",
    43: "SQUEEZE",
    53: "CAST",
    55: "MAXIMUM",
    57: "MINIMUM",
    70: "EXPAND_DIMS",
    74: "SUM",
    114: "QUANTIZE",
    117: "HARD_SWISH",
    124: "DENSIFY",
    130: "BROADCAST_TO",
    132: "CONV_3D",
    152: "RELU_0_TO_1",
}
# These change how values are laid out or stored, not what they are.
_SAME_VALUES = {
    "BROADCAST_TO",
    "CAST",
    "DEQUANTIZE",
    "EXPAND_DIMS",
    "QUANTIZE",
    "RESHAPE",
    "SQUEEZE",
}
_FUSED = {0: "", 1: "relu", 2: "relu_n1_to_1", 3: "relu6"}
# Operator -> the field of its options that holds the fused activation.
_FUSED_FIELD = {
    "ADD": 0,
    "CONCATENATION": 1,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 4,
    "DIV": 0,
    "FULLY_CONNECTED": 0,
    "MUL": 0,
    "SUB": 0,
}
_WINDOWED = {"AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D"}
_DTYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
    17: "int4",
}
# Whole numbers of these types mean nothing without a scale.
_QUANTISED = {"int8", "uint8", "int4"}


class Quantisation(NamedTuple):
    """value = scale * (number - zero); one pair for all, or one for each place on `axis`."""

    scale: tuple[float, ...]
    zero: tuple[int, ...]
    axis: int
    known: bool


class Tensor(NamedTuple):
    """One tensor; `data` is empty but for constants."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantisation: Quantisation | None
    sparse: bool
    data: bytes


class Operator(NamedTuple):
    """One operator. An absent input is -1; `fused` is "", "relu", "relu_n1_to_1" or "relu6"."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    fused: str = ""
    stride: tuple[int, int] = (1, 1)
    padded: bool = True


class _QuantisationTable(Table):
    """The table of quantisation parameters, whose zero points are 64 bits wide."""

    __slots__ = ()

    def read(self) -> Quantisation | None:
        scale = self.floats(2)
        if not scale:
            return None
        start, length = self._vector(3, 8)
        zero = struct.unpack_from(f"<{length}q", self.data, start) if length else (0,)
        # Scales for blocks of weights, or somebody's own scheme, are told by a field of details.
        return Quantisation(scale, zero, self.scalar(6, "<i"), self.scalar(4, "<B") == 0)


class TFLiteGraph:
    """One subgraph of a .tflite file. Tensors are known by their number.

    Attributes:
        tensors: all tensors.
        operators: all operators, each after those whose results it takes.
        inputs, outputs: numbers of tensors.
    """

    def __init__(
        self,
        tensors: list[Tensor],
        operators: list[Operator],
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
    ) -> None:
        self.tensors = tensors
        self.operators = operators
        self.inputs = inputs
        self.outputs = outputs
        self._producers: dict[int, Operator] = {}
        _check_numbers(tensors, (*inputs, *outputs))
        for operator in operators:
            _check_numbers(tensors, (number for number in operator.inputs if number != -1))
            _check_numbers(tensors, operator.outputs)
            for number in operator.outputs:
                self._producers[number] = operator
        self._check_order()

    def _check_order(self) -> None:
        """No result is taken before it is made, so that walking back always comes to an end."""
        made: set[int] = set()
        for operator in self.operators:
            for number in operator.inputs:
                if number in self._producers and number not in made:
                    raise ModelError(DAMAGED)
            if made & set(operator.outputs):
                raise ModelError(DAMAGED)
            made.update(operator.outputs)

    def root(self, number: int) -> int:
        """The tensor with the same values before reshapes, casts and changes of storage."""
        while True:
            operator = self._producers.get(number)
            if operator is None or operator.name not in _SAME_VALUES:
                return number
            number = _first(operator)

    def producer(self, number: int) -> Operator | None:
        """The operator that computes the values of a tensor; None for inputs and constants."""
        return self._producers.get(self.root(number))

    def is_constant(self, number: int) -> bool:
        """Whether the values of a tensor stand in the file."""
        return number >= 0 and bool(self.tensors[self.root(number)].data)

    def constant(self, number: int) -> Array:
        """The values of a constant, dequantised.

        Raises:
            ModelError: it is stored in a way that is not known.
        """
        shape = self.tensors[number].shape
        values = _values(self.tensors[self.root(number)])
        return values.reshape(shape) if values.size == math.prod(shape) else values


def open_graphs(data: bytes) -> list[TFLiteGraph]:
    """The subgraphs of a .tflite file.

    Raises:
        ModelError: `data` is not a .tflite or is damaged.
    """
    if data[4:8] != IDENTIFIER:
        raise ModelError("the file is empty" if not data else "it is not a .tflite file")
    root = Table.root(data)
    codes = []
    for entry in root.tables(1):
        # Files of old converters have the narrow field only, those of new ones both.
        code = max(entry.scalar(0, "<b"), entry.scalar(3, "<i"))
        codes.append(_OPERATORS.get(code, f"operator {code}"))
    buffers = [_buffer(entry, data) for entry in root.tables(4)]
    graphs = [_graph(entry, codes, buffers) for entry in root.tables(2)]
    if not graphs:
        raise ModelError("the file holds no network")
    return graphs


def _buffer(entry: Table, data: bytes) -> bytes:
    start, size = entry.scalar(1, "<Q"), entry.scalar(2, "<Q")
    if size <= 1:
        return entry.bytes_(0)
    # In files of more than 2 GB the weights lie behind the flatbuffer.
    if start + size > len(data):
        raise ModelError(DAMAGED)
    return data[start : start + size]


def _graph(table: Table, codes: list[str], buffers: list[bytes]) -> TFLiteGraph:
    tensors = [_tensor(entry, buffers) for entry in table.tables(0)]
    operators = [_operator(entry, codes) for entry in table.tables(3)]
    return TFLiteGraph(tensors, operators, table.integers(1), table.integers(2))


def _tensor(table: Table, buffers: list[bytes]) -> Tensor:
    code, buffer = table.scalar(1, "<b"), table.scalar(2, "<I")
    if buffer >= len(buffers):
        raise ModelError(DAMAGED)
    shape = table.integers(0)
    quantisation = table.table(4)
    return Tensor(
        name=table.text(3),
        shape=shape,
        dtype=_DTYPES.get(code, f"type {code}"),
        quantisation=None
        if quantisation is None
        else _QuantisationTable(quantisation.data, quantisation.position).read(),
        sparse=table.table(6) is not None,
        data=buffers[buffer],
    )


def _operator(table: Table, codes: list[str]) -> Operator:
    code = table.scalar(0, "<I")
    if code >= len(codes):
        raise ModelError(DAMAGED)
    name, options = codes[code], table.table(4)
    operator = Operator(name, table.integers(1), table.integers(2))
    if options is None:
        return operator
    if name in _FUSED_FIELD:
        fused = options.scalar(_FUSED_FIELD[name], "<b")
        operator = operator._replace(fused=_FUSED.get(fused, f"activation {fused}"))
    if name in _WINDOWED:
        stride = options.scalar(2, "<i"), options.scalar(1, "<i")
        operator = operator._replace(stride=stride, padded=options.scalar(0, "<b") == 0)
    return operator


def _first(operator: Operator) -> int:
    if not operator.inputs or operator.inputs[0] < 0:
        raise ModelError(DAMAGED)
    return operator.inputs[0]


def _check_numbers(tensors: list[Tensor], numbers: Iterator[int] | tuple[int, ...]) -> None:
    if any(not 0 <= number < len(tensors) for number in numbers):
        raise ModelError(DAMAGED)


def _values(tensor: Tensor) -> Array:
    if tensor.sparse:
        raise ModelError(f"its constant {tensor.name} is sparse, which cannot be read")
    numbers = _stored(tensor)
    quantisation = tensor.quantisation
    if quantisation is None or numbers.dtype.kind == "f":
        if tensor.dtype in _QUANTISED:
            raise ModelError(f"its constant {tensor.name} is {tensor.dtype} without a scale")
        return numbers.astype(np.float32)
    scale, zero = np.array(quantisation.scale), np.array(quantisation.zero)
    if scale.size > 1:
        axis = quantisation.axis
        if not 0 <= axis < numbers.ndim or scale.size != numbers.shape[axis]:
            raise ModelError(DAMAGED)
        along = [1] * numbers.ndim
        along[axis] = -1
        scale = scale.reshape(along)
        zero = zero.reshape(along) if zero.size == scale.size else zero[:1]
    if not quantisation.known:
        raise ModelError(f"its constant {tensor.name} is quantised in a way that is not known")
    result: Array = ((numbers - zero[:1] if zero.size == 1 else numbers - zero) * scale).astype(
        np.float32
    )
    return result.reshape(tensor.shape)


def _stored(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """The numbers of a constant as they are in the file."""
    count = math.prod(tensor.shape)
    if tensor.dtype == "int4":
        pairs = np.frombuffer(tensor.data, np.int8)
        # The first of a pair is in the low half; shifting up and down again carries the sign.
        numbers = np.stack([pairs << 4 >> 4, pairs >> 4], axis=-1).ravel()[:count]
    elif tensor.dtype in _DTYPES.values():
        item = np.dtype(tensor.dtype).newbyteorder("<")
        if len(tensor.data) != count * item.itemsize:
            raise ModelError(DAMAGED)
        numbers = np.frombuffer(tensor.data, item)
    else:
        raise ModelError(f"its constant {tensor.name} is of {tensor.dtype}, which is not known")
    if numbers.size != count or any(size < 0 for size in tensor.shape):
        raise ModelError(DAMAGED)
    return numbers.reshape(tensor.shape)
