"""Writing a `.tflite`: a thin, typed layer over the schema that the LiteRT package carries.

The same calls give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from movinet.export.graph import Array, DType, Fused, Quantisation
from movinet.models.packing import aligning_builder

SIGNATURE = "serving_default"

_TYPES: dict[DType, int] = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
}
_FUSED: dict[Fused, int] = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}


@dataclass(frozen=True)
class Kernel:
    """An operation of LiteRT: its name in the schema and the version of it that is meant.

    A runtime that is too old for the version says so as it loads the file.
    """

    name: str
    version: int = 1

    @property
    def code(self) -> int:
        """Its number."""
        return int(getattr(schema.BuiltinOperator, self.name))


class TFLiteBuilder:
    """One model with one graph and one signature."""

    def __init__(self, description: str) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = description
        self._model.operatorCodes = []
        self._model.buffers = [schema.BufferT()]  # the first one is empty by convention
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors = []
        self._graph.operators = []
        self._model.subgraphs = [self._graph]
        self._codes: dict[Kernel, int] = {}

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: DType,
        data: Array | None = None,
        quantisation: Quantisation | None = None,
    ) -> int:
        """A new tensor, constant where there is `data`; gives its number."""
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = [int(size) for size in shape]
        tensor.type = _TYPES[dtype]
        tensor.hasRank = True
        tensor.buffer = 0
        if data is not None:
            assert data.dtype == dtype
            assert data.shape == tuple(shape)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        if quantisation is not None:
            parameters = schema.QuantizationParametersT()
            parameters.scale = np.asarray(quantisation.scale, np.float32)
            parameters.zeroPoint = np.full(len(quantisation.scale), quantisation.zero, np.int64)
            parameters.quantizedDimension = quantisation.axis or 0
            tensor.quantization = parameters
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def numbers(self, name: str, values: Sequence[int]) -> int:
        """A constant vector of int32, as shapes and axes are given."""
        array = np.array(values, np.int32)
        return self.tensor(name, array.shape, "int32", array)

    def operator(
        self, kernel: Kernel, inputs: Sequence[int], output: int, **options: int | bool | Fused
    ) -> None:
        """A new operation; `options` are the fields of its options table in the schema."""
        if kernel not in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = kernel.code
            code.deprecatedBuiltinCode = min(kernel.code, 127)  # what old readers look at
            code.version = kernel.version
            self._codes[kernel] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes[kernel]
        operator.inputs = list(inputs)
        operator.outputs = [output]
        table = _OPTIONS.get(kernel.name)
        if table is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            operator.builtinOptions = _options(table, options)
        self._graph.operators.append(operator)

    def finish(self, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> bytes:
        """The file, whose signature has these names for tensors."""
        self._graph.inputs = list(inputs.values())
        self._graph.outputs = list(outputs.values())
        signature = schema.SignatureDefT()
        signature.signatureKey = SIGNATURE
        signature.subgraphIndex = 0
        signature.inputs = [_entry(name, tensor) for name, tensor in inputs.items()]
        signature.outputs = [_entry(name, tensor) for name, tensor in outputs.items()]
        self._model.signatureDefs = [signature]
        builder = aligning_builder(1 << 20)
        builder.Finish(self._model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


# The options table of each operation that has one.
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "ADD": "AddOptions",
    "MUL": "MulOptions",
    "DIV": "DivOptions",
    "HARD_SWISH": "HardSwishOptions",
    "COS": "CosOptions",
    "CONCATENATION": "ConcatenationOptions",
    "SLICE": "SliceOptions",
    "RESHAPE": "ReshapeOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
}


def _options(table: str, fields: Mapping[str, Any]) -> object:
    options = getattr(schema, f"{table}T")()
    for name, value in fields.items():
        assert hasattr(options, name), f"{table} has no {name}"
        setattr(options, name, _FUSED[cast("Fused", value)] if isinstance(value, str) else value)
    return options


def _entry(name: str, tensor: int) -> Any:  # noqa: ANN401 (untyped library)
    entry = schema.TensorMapT()
    entry.name = name
    entry.tensorIndex = tensor
    return entry
