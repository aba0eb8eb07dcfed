"""Writes .tflite files by hand: tensors, operators and a signature in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
    "int64": schema.TensorType.INT64,
}


class _Builder(flatbuffers.Builder):
    """Weights lie at multiples of 16 bytes, as in the files of every converter."""

    def StartVector(self, elemSize, numElems, alignment):  # noqa: N802, N803
        return super().StartVector(elemSize, numElems, 16 if elemSize == 1 else alignment)


class Graph:
    """One network being written. Tensors are known by the number that their maker gives back."""

    def __init__(self) -> None:
        self._buffers = [schema.BufferT()]  # buffer 0 is the empty one by convention
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[Any] = []

    def tensor(
        self, shape: Sequence[int], dtype: str = "float32", scale: float | None = None
    ) -> int:
        """A value: an input, or what an operator gives. `scale` quantises (zero point 0)."""
        self._buffers.append(schema.BufferT())
        tensor = schema.TensorT(
            shape=list(shape),
            type=_TYPES[dtype],
            buffer=len(self._buffers) - 1,
            name=f"tensor{len(self._tensors)}",
        )
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT(scale=[scale], zeroPoint=[0])
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def constant(self, values: np.ndarray, scale: float | None = None) -> int:
        """A weight."""
        number = self.tensor(values.shape, values.dtype.name, scale)
        self._buffers[self._tensors[number].buffer].data = list(values.tobytes())
        return number

    def integers(self, *values: int) -> int:
        """A constant vector of int32: axes, shapes and the like."""
        return self.constant(np.array(values, np.int32))

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        scale: float | None = None,
        options: Any = None,
    ) -> int:
        """What the operator `name` (as the schema spells it) makes of `inputs`."""
        output = self.tensor(shape, dtype, scale)
        code = getattr(schema.BuiltinOperator, name)
        known = [entry.builtinCode for entry in self._codes]
        if code not in known:
            # Old readers look at the 8-bit field.
            self._codes.append(
                schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127))
            )
            known.append(code)
        operator = schema.OperatorT(
            opcodeIndex=known.index(code), inputs=list(inputs), outputs=[output]
        )
        if options is not None:
            operator.builtinOptions = options
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        self._operators.append(operator)
        return output

    def finish(
        self, inputs: Mapping[str, int], outputs: Mapping[str, int], signature: str | None
    ) -> bytes:
        """The file. `signature` is the key of its one signature; None: it has none."""
        graph = schema.SubGraphT(
            tensors=self._tensors,
            operators=self._operators,
            inputs=list(dict.fromkeys(inputs.values())),
            outputs=list(dict.fromkeys(outputs.values())),
            name="main",
        )
        definitions = []
        if signature is not None:
            definitions = [
                schema.SignatureDefT(
                    inputs=[schema.TensorMapT(n, index) for n, index in inputs.items()],
                    outputs=[schema.TensorMapT(n, index) for n, index in outputs.items()],
                    signatureKey=signature,
                )
            ]
        model = schema.ModelT(
            version=3,
            operatorCodes=self._codes,
            subgraphs=[graph],
            description="written by a test",
            buffers=self._buffers,
            signatureDefs=definitions,
        )
        builder = _Builder(4096)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())
