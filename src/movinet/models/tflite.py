"""Reading the contract of a .tflite file, whoever made it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from movinet.errors import LabelsError, ModelError, MovinetError
from movinet.models.contract import (
    CONTRACT_FILE,
    Beside,
    Signature,
    contract_of,
    streaming_signature,
)
from movinet.models.flatbuffer import Table
from movinet.models.info import ModelInfo, TensorInfo
from movinet.models.labels import parse_labels
from movinet.models.metadata import METADATA_BUFFER, Metadata, parse_metadata

_IDENTIFIER = b"TFL3"
_DTYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
}


class TFLiteFile(NamedTuple):
    """What is read from a .tflite without running it."""

    signatures: tuple[Signature, ...]
    precision: str
    metadata: Metadata | None
    attachments: Mapping[str, bytes]


def read_tflite(path: Path) -> ModelInfo:
    """The contract of the .tflite file at `path`; see `read_info`."""
    try:
        with path.open("rb") as file:
            return _contract(_parse_mapped(file), path.stem)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except MovinetError as error:
        # Names in a damaged file may hold line ends.
        raise type(error)(f"cannot use {path}: {' '.join(str(error).split())}") from error


def info_of(data: bytes, name: str) -> ModelInfo:
    """The contract of a .tflite that is in memory; `name` is what to call it.

    Raises:
        ModelError: as for `read_tflite`.
    """
    return _contract(parse_tflite(data), name)


def _parse_mapped(file: BinaryIO) -> TFLiteFile:
    """Parse without reading the weights, which are nearly all of a file."""
    if not os.fstat(file.fileno()).st_size:
        return parse_tflite(b"")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return parse_tflite(data)


def parse_tflite(data: bytes | mmap.mmap) -> TFLiteFile:
    """Take a .tflite apart.

    Raises:
        ModelError: when `data` is not a .tflite or is damaged.
    """
    if data[4:8] != _IDENTIFIER:
        what = "the file is empty" if not data else "it is not a .tflite file"
        raise ModelError(what)
    root = Table.root(data)
    buffers = list(root.tables(4))
    metadata = None
    for entry in root.tables(6):
        if entry.text(0) == METADATA_BUFFER:
            number = entry.scalar(1, "<I")
            if number >= len(buffers):
                raise ModelError("the file is damaged or cut short")
            metadata = parse_metadata(buffers[number].bytes_(0))
    graphs = list(root.tables(2))
    if not graphs:
        raise ModelError("the file holds no network")
    tensors = list(graphs[0].tables(0))
    signatures = tuple(
        Signature(entry.text(2), _named(entry, 0, tensors), _named(entry, 1, tensors))
        for entry in root.tables(7)
        # The interpreter gives direct access to the tensors of the first subgraph only.
        if entry.scalar(4, "<I") == 0
    )
    return TFLiteFile(signatures, _precision(tensors, buffers), metadata, _attachments(data))


def tensor_names(path: Path, signature: str) -> tuple[dict[str, str], dict[str, str]]:
    """For engines that know no signatures: name in the signature to name of the tensor.

    Of its inputs, and of its outputs.

    Raises:
        ModelError: when the file cannot be read or has no such signature.
    """
    try:
        root = Table.root(path.read_bytes())
        for entry in root.tables(7):
            if entry.text(2) == signature:
                tensors = list(next(root.tables(2)).tables(0))
                inputs, outputs = (
                    {
                        name: tensors[index].text(3)
                        for name, (index, _) in _named(entry, field, tensors).items()
                    }
                    for field in (0, 1)
                )
                return inputs, outputs
        raise ModelError(f"it has no signature {signature!r}")
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except ModelError as error:
        raise ModelError(f"cannot use {path}: {error}") from error


def _tensor(name: str, table: Table) -> TensorInfo:
    code = table.scalar(1, "<b")
    dtype = _DTYPES.get(code, f"type {code}")
    quantisation = table.table(4)
    if quantisation is None or dtype not in ("int8", "uint8", "int16"):
        return TensorInfo(name, table.integers(0), dtype)
    scales, zeros = quantisation.floats(2), quantisation.longs(3)
    scale, zero = (scales[0] if scales else 1.0), (zeros[0] if zeros else 0)
    return TensorInfo(name, table.integers(0), dtype, scale, zero)


def _named(signature: Table, field: int, tensors: list[Table]) -> dict[str, tuple[int, TensorInfo]]:
    named = {}
    for entry in signature.tables(field):
        index = entry.scalar(1, "<I")
        if index >= len(tensors):
            raise ModelError("the file is damaged or cut short")
        named[entry.text(0)] = index, _tensor(entry.text(0), tensors[index])
    return named


def _precision(tensors: list[Table], buffers: list[Table]) -> str:
    """int8 when values between layers are int8, else by what the weights are."""
    constants = set()
    for tensor in tensors:
        dtype = _DTYPES.get(tensor.scalar(1, "<b"))
        if dtype not in ("int8", "float16"):
            continue
        number = tensor.scalar(2, "<I")
        if number >= len(buffers):
            raise ModelError("the file is damaged or cut short")
        if buffers[number].length(0) > 0 or buffers[number].scalar(2, "<Q") > 0:
            constants.add(dtype)
        elif dtype == "int8":
            return "int8"
    if "int8" in constants:
        return "dynamic"
    return "float16" if "float16" in constants else "float32"


def _attachments(data: bytes | mmap.mmap) -> dict[str, bytes]:
    """The files zipped behind the model."""
    # The end record lies in the last 64 KiB; most files have none, and the import is not free.
    if b"PK\x05\x06" not in data[-65_557:]:
        return {}
    import io
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(
                e.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for e in entries
            ):
                raise zipfile.BadZipFile("unknown compression")
            return {entry.filename: archive.read(entry) for entry in entries}
    # What zipfile raises for damaged archives is not documented; these were met.
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        OverflowError,
        RuntimeError,
        ValueError,
    ) as error:
        raise ModelError(f"the files zipped into it cannot be read ({error})") from error


def _contract(file: TFLiteFile, stem: str) -> ModelInfo:
    return contract_of(
        streaming_signature(file.signatures),
        Beside(
            file.precision,
            file.metadata,
            _attached_labels(file),
            file.attachments.get(CONTRACT_FILE),
        ),
        stem,
    )


def _attached_labels(file: TFLiteFile) -> tuple[str, ...] | None:
    named = file.metadata.label_file if file.metadata else ""
    candidates = [named, "labels.txt", *(n for n in file.attachments if "label" in n.lower())]
    for name in candidates:
        if name in file.attachments:
            return parse_labels(file.attachments[name], f"the {name} in it")
    if named:
        raise LabelsError(f"its metadata names a label file {named} that is not in it")
    return None
