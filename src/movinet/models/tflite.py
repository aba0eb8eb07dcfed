"""Reading the contract of a .tflite file, whoever made it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from movinet.errors import LabelsError, ModelError, MovinetError
from movinet.models.flatbuffer import Table
from movinet.models.info import ModelInfo, StatePair, TensorInfo
from movinet.models.labels import parse_labels
from movinet.models.metadata import METADATA_BUFFER, Metadata, parse_metadata
from movinet.models.variants import variant_of_head

CONTRACT_FILE = "movinet.json"
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


class Signature(NamedTuple):
    """One signature of a file: name to (tensor index, tensor) on both sides."""

    key: str
    inputs: Mapping[str, tuple[int, TensorInfo]]
    outputs: Mapping[str, tuple[int, TensorInfo]]


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
        raise type(error)(f"cannot use {path}: {error}") from error


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
    signature = _streaming_signature(file)
    shown = _from_signature(signature, file, stem)
    if CONTRACT_FILE not in file.attachments:
        return shown
    import json

    try:
        return _from_contract(json.loads(file.attachments[CONTRACT_FILE]), signature, shown)
    except ModelError:
        raise
    except KeyError as error:
        raise ModelError(f"its {CONTRACT_FILE} is damaged ({error} is missing)") from error
    # A UsageError is a ValueError: what makes no sense here is the file's fault.
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(f"its {CONTRACT_FILE} is damaged ({error})") from error


def _streaming_signature(file: TFLiteFile) -> Signature:
    """The first signature that carries states, or an error that says what is missing."""
    for signature in file.signatures:
        if len(signature.inputs) > 1 and signature.inputs.keys() & signature.outputs.keys():
            return signature
    if not file.signatures:
        raise ModelError(
            "it has no signature, so which output feeds which input is unknown; "
            "a MoViNet stream model has a signature with an image and named states"
        )
    inputs = [info for _, info in file.signatures[0].inputs.values()]
    if any(len(info.shape) == 5 and info.shape[1] > 1 for info in inputs):
        raise ModelError(
            "it takes a whole clip at a time (base form); watching needs a stream model"
        )
    raise ModelError(
        "it has no states, only "
        + ", ".join(f"{info.name} {list(info.shape)}" for info in inputs)
        + ": an image classifier, not a streaming video classifier "
        "(missing: inputs and outputs such as state_block0_layer0_pool_buffer)"
    )


def _from_signature(signature: Signature, file: TFLiteFile, stem: str) -> ModelInfo:
    """The contract as far as names, shapes and the official metadata show it."""
    pairs = tuple(
        StatePair(
            name=name,
            shape=info.shape,
            dtype=info.dtype,
            input=name,
            output=name if name in signature.outputs else None,
            zero=info.zero,
            scale=info.scale,
            passed_through=name in signature.outputs and index == signature.outputs[name][0],
            moves_from=None if name in signature.outputs else _next_frame(name),
        )
        for name, (index, info) in sorted(signature.inputs.items())
        if name in signature.outputs or _next_frame(name) in signature.inputs
    )
    _check_pairs(pairs, signature)
    image = _image(signature)
    logits, embedding = _answers(signature)
    head = [pair for pair in pairs if pair.kind == "pool_buffer" and pair.layer == "state_head"]
    facts = variant_of_head(head[0].shape[-1]) if head else None
    metadata = file.metadata or Metadata()
    return ModelInfo(
        name=metadata.name or stem,
        variant=facts.name if facts else None,
        form=_form(pairs),
        precision=file.precision,
        signature=signature.key,
        image=image,
        logits=logits,
        embedding=embedding,
        states=pairs,
        labels=_attached_labels(file),
        fps=facts.fps if facts else Fraction(5),
        clip_frames=facts.clip_frames if facts else 50,
        horizon=facts.clip_frames if facts else 50,
        value_range=metadata.value_range or (0.0, 1.0),
        licence=metadata.licence or None,
        contract="signature" if file.metadata is None else "tflite metadata",
    )


def _next_frame(name: str) -> str | None:
    """The next newer frame of a delay line: "X_1" for "X_0"."""
    stem, _, number = name.rpartition("_")
    return f"{stem}_{int(number) + 1}" if number.isdecimal() and number.isascii() else None


def _check_pairs(pairs: tuple[StatePair, ...], signature: Signature) -> None:
    known = {pair.name: pair for pair in pairs}
    for pair in pairs:
        if pair.output is None:
            source = known.get(pair.moves_from or "")
            if source is None or (source.shape, source.dtype) != (pair.shape, pair.dtype):
                raise ModelError(f"nothing that fits its state {pair.name} comes out of a step")
            continue
        out = signature.outputs[pair.output][1]
        if (out.shape, out.dtype) != (pair.shape, pair.dtype):
            raise ModelError(
                f"its state {pair.name} goes in as {pair.dtype} {list(pair.shape)} "
                f"but comes out as {out.dtype} {list(out.shape)}"
            )
        if pair.dtype not in ("float32", "int32", "int8", "uint8"):
            raise ModelError(f"its state {pair.name} is of type {pair.dtype}, which is not known")


def _image(signature: Signature) -> TensorInfo:
    rest = [
        info
        for name, (_, info) in signature.inputs.items()
        if name not in signature.outputs and _next_frame(name) not in signature.inputs
    ]
    named = [info for info in rest if info.name == "image"] or rest
    if len(named) != 1:
        raise ModelError(
            "it should have one input beside the states, the image, but has "
            + (", ".join(info.name for info in rest) or "none")
        )
    image = named[0]
    single = len(image.shape) == 4 or (len(image.shape) == 5 and image.shape[1] == 1)
    if not single or image.shape[0] != 1 or image.shape[-1] != 3 or image.dtype != "float32":
        raise ModelError(
            f"its image input is {image.dtype} {list(image.shape)}; "
            "expected float32 [1, H, W, 3] or [1, 1, H, W, 3]"
        )
    return image


def _answers(signature: Signature) -> tuple[TensorInfo, TensorInfo | None]:
    rest = {n: info for n, (_, info) in signature.outputs.items() if n not in signature.inputs}
    embedding = rest.pop("embedding", None)
    logits = rest.get("logits") or (next(iter(rest.values())) if len(rest) == 1 else None)
    if logits is None or logits.dtype != "float32" or not logits.shape:
        raise ModelError(
            "it should have one float32 output beside the states, the logits, but has "
            + (", ".join(f"{i.name} {i.dtype} {list(i.shape)}" for i in rest.values()) or "none")
        )
    return logits, embedding


def _form(pairs: tuple[StatePair, ...]) -> str:
    """Without squeeze-excite the pools of the layers are dead or not there at all."""
    pools = [pair for pair in pairs if pair.kind == "pool_buffer" and pair.layer != "state_head"]
    return "stream" if any(not pair.passed_through for pair in pools) else "lite"


def _attached_labels(file: TFLiteFile) -> tuple[str, ...] | None:
    named = file.metadata.label_file if file.metadata else ""
    candidates = [named, "labels.txt", *(n for n in file.attachments if "label" in n.lower())]
    for name in candidates:
        if name in file.attachments:
            return parse_labels(file.attachments[name], f"the {name} in it")
    if named:
        raise LabelsError(f"its metadata names a label file {named} that is not in it")
    return None


def _from_contract(said: Mapping[str, Any], signature: Signature, shown: ModelInfo) -> ModelInfo:
    """`movinet.json` over what the signature shows; tensors always come from the signature."""
    states = []
    for entry in said["states"]:
        name_in, name_out = entry["input"], entry["output"]
        if name_in not in signature.inputs or (
            name_out is not None and name_out not in signature.outputs
        ):
            raise ModelError(f"its {CONTRACT_FILE} names a state {name_in} that it does not have")
        index, info = signature.inputs[name_in]
        states.append(
            StatePair(
                name=entry["name"],
                shape=info.shape,
                dtype=info.dtype,
                input=name_in,
                output=name_out,
                zero=float(entry.get("zero", 0)),
                scale=float(entry.get("scale", 1)),
                passed_through=name_out is not None and index == signature.outputs[name_out][0],
                moves_from=entry.get("moves_from"),
            )
        )
    _check_pairs(tuple(states), signature)
    fed = sorted(state.input for state in states)
    if fed != sorted(signature.inputs.keys() - {shown.image.name}):
        raise ModelError(f"its {CONTRACT_FILE} does not name each state of its network once")
    labels = said.get("labels")
    low, high = said.get("value_range", shown.value_range)
    return ModelInfo(
        name=said.get("name") or shown.name,
        variant=said.get("variant"),
        form=said["form"],
        precision=said.get("precision") or shown.precision,
        signature=signature.key,
        image=shown.image,
        logits=shown.logits,
        embedding=shown.embedding,
        states=tuple(states),
        labels=tuple(map(str, labels)) if labels is not None else shown.labels,
        background=said.get("background"),
        temperature=float(said.get("temperature", 1)),
        # 8.333333 in the file means 25/3.
        fps=Fraction(said["fps"]).limit_denominator(1001),
        clip_frames=int(said["clip_frames"]),
        horizon=int(said["horizon"]),
        resize=said.get("resize", shown.resize),
        value_range=(float(low), float(high)),
        licence=said.get("licence"),
        source=said.get("source"),
        accuracy={str(key): float(value) for key, value in said.get("accuracy", {}).items()},
        contract=CONTRACT_FILE,
    )
