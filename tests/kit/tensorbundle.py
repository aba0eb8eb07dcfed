"""Writes TensorFlow checkpoints by hand: arrays by key in; an index and files of numbers out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from movinet.weights.crc32c import crc32c, masked_crc32c

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_TYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}
_STRING = 7
_END = "/.ATTRIBUTES/VARIABLE_VALUE"


class Raw(NamedTuple):
    """A tensor of a type that NumPy lacks, such as bfloat16 (14)."""

    type_number: int
    shape: tuple[int, ...]
    data: bytes


Tensor = np.ndarray | Raw | list[bytes]
Box = tuple[tuple[int, int], ...]  # (start, length) along each axis; length -1: all of it


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes((number & 127 | 128,))
        number >>= 7
    return out + bytes((number,))


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message: 0 is left out, as writers do; a checksum (field 6) has four bytes."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if number == 6:
        return varint(number << 3 | 5) + struct.pack("<I", value)
    return varint(number << 3) + varint(value) if value else b""


def write_table(
    entries: Mapping[bytes, bytes], block_bytes: int = 1000, compression: int = 0
) -> bytes:
    """A sorted table, as in `.index` files."""
    out, handles, chunk, size = b"", [], {}, 0

    def flush() -> None:
        nonlocal out, chunk, size
        if chunk:
            handle, out = _add_block(out, chunk, compression)
            handles.append((max(chunk), handle))
            chunk, size = {}, 0

    for key in sorted(entries):
        chunk[key] = entries[key]
        size += len(key) + len(entries[key])
        if size > block_bytes:
            flush()
    flush()
    meta, out = _add_block(out, {}, 0)
    index, out = _add_block(out, dict(handles), 0)
    return out + (meta + index).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def _add_block(out: bytes, entries: Mapping[bytes, bytes], compression: int) -> tuple[bytes, bytes]:
    """(handle, file so far): each key shares with the one before, but every 16th starts anew."""
    block, restarts, last = b"", [], b""
    for number, (key, value) in enumerate(entries.items()):
        shared = 0
        if number % 16 == 0:
            restarts.append(len(block))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        block += varint(shared) + varint(len(key) - shared) + varint(len(value))
        block += key[shared:] + value
        last = key
    restarts = restarts or [0]
    block += b"".join(struct.pack("<I", n) for n in [*restarts, len(restarts)])
    block += bytes((compression,))
    handle = varint(len(out)) + varint(len(block) - 1)
    return handle, out + block + struct.pack("<I", masked_crc32c(crc32c(block)))


def entry(
    dtype: int, shape: Sequence[int], shard: int, offset: int, size: int, checksum: int
) -> bytes:
    """What the index says of one tensor."""
    return (
        field(1, dtype)
        + field(2, b"".join(field(2, field(1, n)) for n in shape))
        + field(3, shard)
        + field(4, offset)
        + field(5, size)
        + field(6, checksum)
    )


def header(shards: int, big_endian: bool = False, min_consumer: int = 0) -> bytes:
    return (
        field(1, shards)
        + field(2, int(big_endian))
        + field(3, field(1, 1) + field(2, min_consumer))
    )


def write_bundle(
    prefix: Path,
    tensors: Mapping[str, Tensor],
    *,
    shards: int = 1,
    graph: bytes | None = None,
    slices: Mapping[str, Iterable[Box]] | None = None,
    compression: int = 0,
    block_bytes: int = 1000,
    big_endian: bool = False,
    min_consumer: int = 0,
) -> Path:
    """A checkpoint: `prefix`.index, and `shards` files that take turns; gives `prefix` back.

    Tensors named in `slices` are stored in those boxes.
    """
    everything = dict(tensors)
    if graph is not None:
        everything[GRAPH] = [graph]
    files = [bytearray() for _ in range(shards)]
    entries = {b"": header(shards, big_endian, min_consumer)}

    def store(key: bytes, tensor: Tensor) -> None:
        shard = len(entries) % shards
        dtype, shape, data, checksum = _stored(tensor)
        offset = len(files[shard])
        files[shard] += data
        entries[key] = entry(dtype, shape, shard, offset, len(data), checksum)

    for key, tensor in everything.items():
        boxes = list((slices or {}).get(key, ()))
        if not boxes:
            store(key.encode(), tensor)
            continue
        said = b""
        for box in boxes:
            place = tuple(slice(a, None if n < 0 else a + n) for a, n in box)
            store(_slice_key(key, box), np.ascontiguousarray(tensor[place]))
            extents = (field(1, a) + (field(2, n) if n >= 0 else b"") for a, n in box)
            said += field(7, b"".join(field(1, extent) for extent in extents))
        entries[key.encode()] = entry(_TYPES[tensor.dtype.name], tensor.shape, 0, 0, 0, 0) + said
    prefix.parent.mkdir(parents=True, exist_ok=True)
    table = write_table(entries, block_bytes, compression)
    prefix.with_name(prefix.name + ".index").write_bytes(table)
    for number, data in enumerate(files):
        prefix.with_name(f"{prefix.name}.data-{number:05d}-of-{shards:05d}").write_bytes(data)
    return prefix


def _stored(tensor: Tensor) -> tuple[int, Sequence[int], bytes, int]:
    if isinstance(tensor, Raw):
        return *tensor, masked_crc32c(crc32c(tensor.data))
    if isinstance(tensor, list):
        crc = crc32c(b"".join(struct.pack("<I", len(text)) for text in tensor))
        rest = struct.pack("<I", masked_crc32c(crc)) + b"".join(tensor)
        lengths = b"".join(varint(len(text)) for text in tensor)
        shape = [] if len(tensor) == 1 else [len(tensor)]
        return _STRING, shape, lengths + rest, masked_crc32c(crc32c(rest, crc))
    data = tensor.astype(tensor.dtype.newbyteorder("<")).tobytes()
    return _TYPES[tensor.dtype.name], tensor.shape, data, masked_crc32c(crc32c(data))


def _slice_key(key: str, box: Box) -> bytes:
    """For lengths below 2**13, which are stored in one byte or two."""
    out = b"\0" + key.encode() + b"\0\x01" + bytes((1, len(box)))
    for number in (n for extent in box for n in extent):
        if -64 <= number < 64:
            out += bytes((0x80 ^ number & 0xFF,))
        else:
            out += struct.pack(">H", 0xC000 ^ number & 0xFFFF)
    return out


def object_graph(variables: Mapping[str, tuple[str, str]]) -> bytes:
    """The graph of a program's objects: by checkpoint key, a path to the variable and its name.

    A key that is not its path is a path to the same object too, as in SavedModels.
    """
    nodes: list[dict[str, int]] = [{}]
    attributes: dict[int, bytes] = {}

    def walk(path: str, last: int | None = None) -> int:
        node = 0
        parts = path.split("/")
        for place, part in enumerate(parts):
            if part not in nodes[node]:
                if last is None or place < len(parts) - 1:
                    nodes.append({})
                    nodes[node][part] = len(nodes) - 1
                else:
                    nodes[node][part] = last
            node = nodes[node][part]
        return node

    for key, (path, name) in variables.items():
        own = key.removesuffix(_END)
        node = walk(path or own)
        walk(own, node)
        said = field(1, b"VARIABLE_VALUE") + field(2, name.encode()) + field(3, key.encode())
        attributes[node] = field(2, said)
    out = b""
    for number, children in enumerate(nodes):
        links = (field(1, n) + field(2, name.encode()) for name, n in children.items())
        out += field(1, b"".join(field(1, link) for link in links) + attributes.get(number, b""))
    return out
