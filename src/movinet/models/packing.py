"""Writing a contract into a .tflite: the official metadata block, labels and `movinet.json`."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from movinet.errors import LabelsError, ModelError
from movinet.models.contract import CONTRACT_FILE
from movinet.models.info import ModelInfo
from movinet.models.metadata import METADATA_BUFFER, Metadata, build_metadata
from movinet.models.tflite import parse_tflite, read_tflite
from movinet.models.wholefile import write_whole

LABEL_FILE = "labels.txt"
# A fixed time makes the same model the same file, byte for byte.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def pack_model(source: str | Path, info: ModelInfo, target: str | Path) -> ModelInfo:
    """Write the model of `source` with the contract `info` to `target`, and read it back.

    The network is unchanged. An older contract inside `source` is replaced. The file gets its name
    only when it is whole. Same input, same bytes.

    Raises:
        ModelError: when `source` is not a .tflite, or `info` does not fit it.
        LabelsError: when a label could not be read back from a label file.
        OutputError: when `target` cannot be written.
    """
    target = Path(target)
    try:
        data = Path(source).read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {source}: {error.strerror}") from error
    packed = pack(data, info)
    written: list[ModelInfo] = []
    # Reading it back proves that the contract is in it before the file gets its name.
    write_whole(target, packed, lambda path: written.append(read_tflite(path)))
    return written[0]


def pack(data: bytes, info: ModelInfo) -> bytes:
    """The bytes of a .tflite with the contract `info` in it; see `pack_model`."""
    file = parse_tflite(data)
    signature = next((s for s in file.signatures if s.key == info.signature), None)
    if signature is None:
        raise ModelError(f"the model has no signature {info.signature!r}")
    return _with_files(_with_block(data, info), info)


def _with_block(data: bytes, info: ModelInfo) -> bytes:
    """The flatbuffer alone, with the official metadata block in place of any older one."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = model.subgraphs[0]
    definition = next(s for s in model.signatureDefs if s.signatureKey.decode() == info.signature)
    names_in = {entry.tensorIndex: entry.name.decode() for entry in definition.inputs}
    names_out = {entry.tensorIndex: entry.name.decode() for entry in definition.outputs}
    low, high = info.value_range
    std = 255 / (high - low)
    block = build_metadata(
        Metadata(
            name=info.name,
            author=info.source or "",
            licence=info.licence or "",
            label_file=LABEL_FILE if info.labels else "",
            mean=-low * std,
            std=std,
        ),
        image=info.image.name,
        inputs=[names_in.get(index, "") for index in graph.inputs],
        logits=info.logits.name,
        outputs=[names_out.get(index, "") for index in graph.outputs],
    )
    kept = [entry for entry in model.metadata or [] if entry.name.decode() != METADATA_BUFFER]
    buffer = schema.BufferT()
    buffer.data = list(block)
    entry = schema.MetadataT()
    entry.name = METADATA_BUFFER
    replaced = [e.buffer for e in model.metadata or [] if e.name.decode() == METADATA_BUFFER]
    if replaced:
        entry.buffer = replaced[0]
        model.buffers[entry.buffer] = buffer
    else:
        entry.buffer = len(model.buffers)
        model.buffers.append(buffer)
    model.metadata = [*kept, entry]
    builder = aligning_builder(len(data) + len(block) + 4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def aligning_builder(size: int) -> Any:  # noqa: ANN401 (untyped library)
    """A flatbuffer builder that begins weights at multiples of 16 bytes.

    The schema asks for that, so that they can be used where they lie; the generated code forgets.
    """
    import flatbuffers

    class Builder(flatbuffers.Builder):  # type: ignore[misc]
        def StartVector(self, item_size: int, count: int, alignment: int) -> int:  # noqa: N802
            wanted = max(16, alignment) if item_size == 1 else alignment
            return int(super().StartVector(item_size, count, wanted))

    return Builder(size)


def _line(label: str) -> str:
    """`label`, which has to stand on a line of its own."""
    if not label or label != label.strip() or any(mark in label for mark in "\r\n\0"):
        raise LabelsError(f"the label {label!r} cannot be a line of a label file")
    return label


def _with_files(data: bytes, info: ModelInfo) -> bytes:
    """The model with `movinet.json` and the labels zipped behind it."""
    contract = json.dumps(info.to_dict(), ensure_ascii=False, indent=1)
    files = {CONTRACT_FILE: contract}
    if info.labels:
        files[LABEL_FILE] = "".join(f"{_line(label)}\n" for label in info.labels)
    stream = io.BytesIO(data)
    # Appending, as the official tool does, keeps the zip's offsets true to the whole file.
    with zipfile.ZipFile(stream, "a") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text.encode())
    return stream.getvalue()
