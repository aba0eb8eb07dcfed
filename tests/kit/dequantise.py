"""A .tflite file with 8-bit weights, written anew with the same weights as float numbers."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def dequantised(source: Path, target: Path) -> Path:
    """Dynamic range files alone: their activations are float, so no other operator changes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(source.read_bytes()), 0))
    for tensor in model.subgraphs[0].tensors:
        data, steps = model.buffers[tensor.buffer].data, tensor.quantization
        if tensor.type != schema.TensorType.INT8 or data is None or steps is None:
            continue
        numbers = np.frombuffer(bytes(data), np.int8).reshape(tensor.shape).astype(np.float32)
        scale, zero = np.asarray(steps.scale, np.float32), np.asarray(steps.zeroPoint)
        if scale.size > 1:
            shape = [1] * numbers.ndim
            shape[steps.quantizedDimension] = -1
            scale, zero = scale.reshape(shape), zero.reshape(shape)
        numbers = ((numbers - zero) * scale).astype(np.float32)
        model.buffers[tensor.buffer].data = np.frombuffer(numbers.tobytes(), np.uint8)
        tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    builder = flatbuffers.Builder(1 << 24)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(bytes(builder.Output()))
    return target
