"""Reading the contract of an .onnx file, and writing one into it, without the package `onnx`.

Field numbers follow the public `onnx.proto`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from movinet.errors import LabelsError, ModelError, MovinetError
from movinet.models.contract import (
    CONTRACT_FILE,
    Beside,
    Signature,
    contract_of,
    streaming_signature,
)
from movinet.models.info import ModelInfo, TensorInfo
from movinet.models.labels import parse_labels
from movinet.models.metadata import Metadata
from movinet.models.wire import field, fields, integer, message, spans, text

LABELS, LICENCE, AUTHOR = "labels", "licence", "author"
# Fields of ModelProto.
_IR_VERSION, _GRAPH, _METADATA = 1, 7, 14
_DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
}
# A whole file is read, so a foreign one must be refused before that.
_FIRST_BYTES = b"\x08"


class OnnxFile(NamedTuple):
    """What is read from an .onnx without running it."""

    signature: Signature
    precision: str
    properties: Mapping[str, str]


def is_onnx(path: Path) -> bool:
    """Whether a file is called .onnx, or can be read as one."""
    if path.suffix.lower() == ".onnx":
        return True
    try:
        with path.open("rb") as file:
            if file.read(1) != _FIRST_BYTES:
                return False
        parse_onnx(path.read_bytes())
    except (OSError, ModelError):
        return False
    return True


def read_onnx(path: Path) -> ModelInfo:
    """The contract of the .onnx file at `path`; see `read_info`."""
    try:
        return contract_of_onnx(path.read_bytes(), path.stem)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except MovinetError as error:
        raise type(error)(f"cannot use {path}: {' '.join(str(error).split())}") from error


def contract_of_onnx(data: bytes, stem: str) -> ModelInfo:
    """The contract of an .onnx file whose name without its ending is `stem`.

    Raises:
        ModelError: when it is damaged, or no streaming classifier.
    """
    file = parse_onnx(data)
    said = file.properties
    labels, contract = said.get(LABELS), said.get(CONTRACT_FILE)
    return contract_of(
        streaming_signature([file.signature]),
        Beside(
            file.precision,
            Metadata(licence=said.get(LICENCE, ""), kind="signature"),
            None if labels is None else parse_labels(labels.encode(), f"the {LABELS} in it"),
            None if contract is None else contract.encode(),
        ),
        stem,
    )


def parse_onnx(data: bytes) -> OnnxFile:
    """Take an .onnx apart.

    Raises:
        ModelError: when `data` is not an .onnx or is damaged.
    """
    if not data:
        raise ModelError("the file is empty")
    graph: memoryview | None = None
    versions = 0
    properties: dict[str, str] = {}
    try:
        for number, value in fields(memoryview(data)):
            if number == _GRAPH:
                graph = message(value)
            elif number == _IR_VERSION:
                versions += integer(value) > 0
            elif number == _METADATA:
                parts = {n: text(part) for n, part in fields(message(value)) if n in (1, 2)}
                properties[parts.get(1, "")] = parts.get(2, "")
    except ModelError as error:
        if not data.startswith(_FIRST_BYTES):
            raise ModelError("it is not an .onnx file") from error
        raise
    if graph is None or not versions:
        raise ModelError("it is not an .onnx file")
    signature, precision = _graph(graph)
    return OnnxFile(signature, precision, properties)


def _graph(graph: memoryview) -> tuple[Signature, str]:
    name = ""
    inputs: list[TensorInfo] = []
    outputs: list[TensorInfo] = []
    weights: dict[str, str] = {}
    kinds = set()
    for number, value in fields(graph):
        if number == 1:
            kinds.add(next((text(v) for n, v in fields(message(value)) if n == 4), ""))
        elif number == 2:
            name = text(value)
        elif number == 5:
            tensor, dtype, size = _initializer(message(value))
            weights[tensor] = dtype if size > 1 else ""
        elif number == 11:
            inputs.append(_value(message(value)))
        elif number == 12:
            outputs.append(_value(message(value)))
    # In old files, weights are inputs too.
    inputs = [info for info in inputs if info.name not in weights]
    numbers = {info.name: place for place, info in enumerate((*outputs, *inputs))}
    signature = Signature(
        name,
        {info.name: (numbers[info.name], info) for info in inputs},
        {info.name: (numbers[info.name], info) for info in outputs},
    )
    return signature, _precision(set(weights.values()), kinds)


def _precision(weights: set[str], kinds: set[str]) -> str:
    """int8 when values between layers are 8-bit, else by what the weights are."""
    if kinds & {"QuantizeLinear", "QLinearConv", "QLinearMatMul"}:
        return "int8"
    if weights & {"int8", "uint8"}:
        return "dynamic"
    return "float16" if "float16" in weights else "float32"


def _initializer(tensor: memoryview) -> tuple[str, str, int]:
    """Name, type and number of elements of a TensorProto."""
    name, code, dims = "", 0, []
    for number, value in fields(tensor):
        if number == 1:
            dims += list(_integers(value))
        elif number == 2:
            code = integer(value)
        elif number == 8:
            name = text(value)
    return name, _DTYPES.get(code, f"type {code}"), math.prod(dims)


def _integers(value: int | memoryview) -> Iterator[int]:
    """A repeated integer: one a field, or packed into one."""
    from movinet.models.wire import varint

    if isinstance(value, int):
        yield integer(value)
        return
    position = 0
    while position < len(value):
        number, position = varint(value, position)
        yield integer(number)


def _value(info: memoryview) -> TensorInfo:
    """A ValueInfoProto; dimensions that are not fixed are -1."""
    name, code, shape = "", 0, list[int]()
    for number, value in fields(info):
        if number == 1:
            name = text(value)
        elif number == 2:
            for kind, tensor in fields(message(value)):
                if kind != 1:
                    raise ModelError(f"its {name or 'input'} is no tensor")
                for part, content in fields(message(tensor)):
                    if part == 1:
                        code = integer(content)
                    elif part == 2:
                        shape = [
                            _dimension(message(d)) for n, d in fields(message(content)) if n == 1
                        ]
    return TensorInfo(name, tuple(shape), _DTYPES.get(code, f"type {code}"))


def _dimension(dimension: memoryview) -> int:
    return next((integer(value) for number, value in fields(dimension) if number == 1), -1)


def pack_onnx(data: bytes, info: ModelInfo, *, author: str | None = None) -> bytes:
    """The bytes of an .onnx with the contract `info` in its `metadata_props`.

    The network is unchanged. An older contract in `data` is replaced. Same input, same bytes.

    Args:
        data: the file.
        info: what to write, as `movinet.json`, `labels` (one a line) and `licence`.
        author: who made the model.

    Raises:
        ModelError: when `data` is not an .onnx, or `info` does not fit it.
        LabelsError: when a label has no line of its own.
    """
    parse_onnx(data)
    written = {
        CONTRACT_FILE: json.dumps(info.to_dict(), ensure_ascii=False),
        LABELS: "\n".join(map(_line, info.labels or ())),
        LICENCE: info.licence or "",
        AUTHOR: author or "",
    }
    kept = bytearray()
    for span in spans(data):
        part = data[span.start : span.end]
        if span.number == _METADATA:
            [(_, entry)] = fields(part)
            if any(n == 1 and text(key) in written for n, key in fields(message(entry))):
                continue
        kept += part
    for key, value in written.items():
        if value:
            kept += field(_METADATA, field(1, key.encode()) + field(2, value.encode()))
    packed = bytes(kept)
    # Reading it back proves that the contract fits.
    contract_of_onnx(packed, info.name)
    return packed


def _line(label: str) -> str:
    if not label or label != label.strip() or any(mark in label for mark in "\r\n\0"):
        raise LabelsError(f"the label {label!r} cannot be a line of a label list")
    return label
