"""Writing a `.tflite`: a typed layer over the schema that the LiteRT package carries."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
}
_FUSED = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}


class TFLiteBuilder:
    def __init__(self, description: str) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = description
        self.model.operatorCodes = []
        self.model.buffers = [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.name = "main"
        self.graph.tensors = []
        self.graph.operators = []
        self.model.subgraphs = [self.graph]
        self.codes: dict[int, int] = {}
        self.model.metadata = []

    def tensor(self, name, shape, dtype="float32", data=None, quantisation=None) -> int:
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = _TYPES[dtype]
        tensor.hasRank = True
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if quantisation is not None:
            q = schema.QuantizationParametersT()
            q.scale = np.asarray(quantisation.scale, np.float32)
            q.zeroPoint = np.full(len(quantisation.scale), quantisation.zero, np.int64)
            q.quantizedDimension = quantisation.axis or 0
            tensor.quantization = q
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, code: int, inputs, output: int, options_type=0, options=None, version=1):
        key = (code, version)
        if key not in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = code
            entry.deprecatedBuiltinCode = min(code, 127)
            entry.version = version
            self.codes[key] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(entry)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes[key]
        operator.inputs = list(inputs)
        operator.outputs = [output]
        operator.builtinOptionsType = options_type
        operator.builtinOptions = options
        self.graph.operators.append(operator)

    def finish(self, key, inputs, outputs) -> bytes:
        """inputs/outputs: dict name → tensor index"""
        self.graph.inputs = list(inputs.values())
        self.graph.outputs = list(outputs.values())
        d = schema.SignatureDefT()
        d.signatureKey = key
        d.subgraphIndex = 0
        d.inputs = [self._entry(n, i) for n, i in inputs.items()]
        d.outputs = [self._entry(n, i) for n, i in outputs.items()]
        self.model.signatureDefs = [d]
        builder = _Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _entry(self, name, index):
        e = schema.TensorMapT()
        e.name = name
        e.tensorIndex = index
        return e


class _Builder(flatbuffers.Builder):
    def StartVector(self, item_size: int, count: int, alignment: int) -> int:
        return super().StartVector(item_size, count, max(16, alignment) if item_size == 1 else alignment)
    def CreateNumpyVector(self, x):
        if x.itemsize == 1:
            self.Prep(16, x.size)  # weights begin at multiples of 16
        return super().CreateNumpyVector(x)
