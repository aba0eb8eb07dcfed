"""Reading TensorFlow 2 checkpoints (tensor bundles) without TensorFlow.

A checkpoint is an index, which is a sorted table of names, and one or more files of numbers.
Everything that the files say is checked before it is believed, and every checksum is verified, so
that a truncated, damaged or foreign file ends in `ModelError`.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from movinet.errors import ModelError
from movinet.models.wire import fields, integer, message, text, varint
from movinet.weights.bundlefiles import INDEX, Files, find_checkpoint
from movinet.weights.crc32c import crc32c, masked_crc32c
from movinet.weights.sortedtable import read_sorted_table
from movinet.weights.tensorslices import Slice, parse_slice

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_STRING, _BFLOAT16 = 7, 14
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", _BFLOAT16: "<u2", 19: "<f2"}
FLOATS = frozenset((1, 2, _BFLOAT16, 19))
_MAX_INDEX = 1 << 27
# Ways to a variable that say only that it is one: lists of all of them.
_LISTS = frozenset(
    ("variables", "trainable_variables", "non_trainable_variables", "keras_api", "signatures")
)


class Entry(NamedTuple):
    """What the index says of one tensor: its type's number, and where its `size` bytes lie."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    slices: tuple[Slice, ...]


class Variable(NamedTuple):
    """What the object graph says of one tensor: its name in the program, and a path of objects."""

    name: str
    path: str


class Bundle:
    """An open checkpoint. Numbers are read when they are asked for.

    Attributes:
        entries: what it says of each tensor, by key.
        in_saved_model: whether it is the variables of a SavedModel.
    """

    def __init__(self, files: Files, prefix: str, stack: ExitStack) -> None:
        self._files, self._prefix, self._stack = files, prefix, stack
        self.in_saved_model = prefix.rpartition("/")[2] == "variables"
        self._open: dict[int, tuple[BinaryIO, int]] = {}
        with files.open(prefix + INDEX) as file:
            data = file.read(_MAX_INDEX + 1)
        if len(data) > _MAX_INDEX:
            raise ModelError("its index is larger than 128 MiB")
        table = read_sorted_table(data)
        self._shards = _header(table.pop(b"", b""))
        entries = {key: _entry(value) for key, value in table.items()}
        self.entries: Mapping[str, Entry] = {
            key.decode("utf-8", errors="backslashreplace"): entry
            for key, entry in entries.items()
            if not key.startswith(b"\0")
        }
        self._slices = {key: entry for key, entry in entries.items() if key.startswith(b"\0")}

    def array(self, key: str) -> np.ndarray[Any, Any]:
        """The numbers of the tensor called `key`; bfloat16 comes as float32."""
        entry = self.entries[key]
        if entry.dtype not in _DTYPES:
            raise ModelError(f"its tensor {key} is of type {entry.dtype}, which is not read")
        return self._joined(key, entry) if entry.slices else self._whole(key, entry)

    def _whole(self, key: str, entry: Entry) -> np.ndarray[Any, Any]:
        dtype = np.dtype(_DTYPES[entry.dtype])
        if math.prod(entry.shape) * dtype.itemsize != entry.size:
            raise ModelError(f"its index is damaged: the size of {key} does not fit its shape")
        data = self._read(key, entry)
        if masked_crc32c(crc32c(data)) != entry.checksum:
            raise ModelError(f"its tensor {key} is damaged: the checksum is wrong")
        flat = np.frombuffer(data, dtype)
        if entry.dtype == _BFLOAT16:
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return _shaped(key, flat, entry.shape)

    def _joined(self, key: str, entry: Entry) -> np.ndarray[Any, Any]:
        """A tensor from its slices, which must fill it: no number is made up."""
        parts = []
        for part in entry.slices:
            stored = self._slices.get(part.key(key.encode()))
            place = part.place(entry.shape)
            shape = tuple(box.stop - box.start for box in place)
            if stored is None or (stored.dtype, stored.shape) != (entry.dtype, shape):
                raise ModelError(f"its index is damaged: a slice of {key} is missing")
            parts.append((place, self._whole(key, stored)))
        # Known before anything is made: no more numbers than were read.
        if sum(numbers.size for _, numbers in parts) != math.prod(entry.shape):
            raise ModelError(f"its index is damaged: the slices of {key} do not fill it")
        joined = np.empty(math.prod(entry.shape), parts[0][1].dtype)
        joined = _shaped(key, joined, entry.shape)
        filled = np.zeros(joined.shape, np.bool_)
        for place, numbers in parts:
            joined[place] = numbers
            filled[place] = True
        if not filled.all():
            raise ModelError(f"its index is damaged: the slices of {key} do not fill it")
        return joined

    def strings(self, key: str) -> list[bytes]:
        """The strings of the tensor called `key`, in one row."""
        entry = self.entries[key]
        if entry.dtype != _STRING or entry.slices:
            raise ModelError(f"its tensor {key} should be of whole strings")
        data = self._read(key, entry)
        count = math.prod(entry.shape)
        if count > len(data):
            raise ModelError(f"its index is damaged: the size of {key} does not fit its shape")
        # First the lengths as varints, then a checksum of them, then all strings in one.
        lengths, position = [], 0
        for _ in range(count):
            length, position = varint(data, position)
            lengths.append(length)
        if position + 4 + sum(lengths) != len(data):
            raise ModelError(f"its tensor {key} is damaged")
        # What is summed is not the varints but the numbers, in four bytes where they fit.
        sizes = b"".join(n.to_bytes(4 if n < 1 << 32 else 8, "little") for n in lengths)
        crc = crc32c(sizes)
        (checksum,) = struct.unpack_from("<I", data, position)
        whole = crc32c(data[position:], crc)
        if masked_crc32c(crc) != checksum or masked_crc32c(whole) != entry.checksum:
            raise ModelError(f"its tensor {key} is damaged: the checksum is wrong")
        position += 4
        strings = []
        for length in lengths:
            strings.append(data[position : position + length])
            position += length
        return strings

    def variables(self) -> dict[str, Variable]:
        """By key, what the object graph says of each tensor; empty where there is no graph."""
        if OBJECT_GRAPH not in self.entries:
            return {}
        return _object_graph(b"".join(self.strings(OBJECT_GRAPH)[:1]))

    def _read(self, key: str, entry: Entry) -> bytes:
        if not 0 <= entry.shard < self._shards:
            raise ModelError(f"its index is damaged: {key} lies in no file of it")
        if entry.shard not in self._open:
            name = f"{self._prefix}.data-{entry.shard:05d}-of-{self._shards:05d}"
            if name not in self._files.names:
                raise ModelError(f"its file {name} is missing")
            opened = self._stack.enter_context(self._files.open(name))
            self._open[entry.shard] = opened, opened.seek(0, 2)
        file, end = self._open[entry.shard]
        if entry.offset < 0 or entry.size < 0 or entry.offset + entry.size > end:
            raise ModelError(f"its file of numbers is cut short: {key} lies behind its end")
        file.seek(entry.offset)
        return file.read(entry.size)


@contextmanager
def open_bundle(source: Path) -> Iterator[Bundle]:
    """The checkpoint at `source`, open while the block runs; see `find_checkpoint`.

    Raises:
        ModelError: it cannot be read; also from all methods of the bundle, inside the block.
    """
    try:
        with ExitStack() as stack:
            yield Bundle(*find_checkpoint(source), stack)
    except OSError as error:
        raise ModelError(f"cannot read {source}: {error.strerror or error}") from error
    except ModelError as error:
        # A name out of a damaged file may be anything.
        what = "".join(c if c.isprintable() else "?" for c in str(error))
        raise ModelError(f"cannot use {source}: {what}") from error


def _shaped(key: str, flat: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    try:
        return flat.reshape(shape)
    # Too many axes; or one that is too long, beside another of 0.
    except (ValueError, OverflowError) as error:
        raise ModelError(f"its index is damaged: the shape of {key} makes no sense") from error


def _header(data: bytes) -> int:
    """The number of files of numbers."""
    said = dict(fields(data))
    shards = integer(said.get(1, 0))
    if shards < 1 or shards > 99_999:
        raise ModelError("its index is damaged: it has no header")
    if integer(said.get(2, 0)) != 0:
        raise ModelError("it was written on a big-endian machine, which is not read")
    if integer(dict(fields(message(said.get(3, b"")))).get(2, 0)) > 1:
        raise ModelError("it was written in a newer format than is known here")
    return shards


def _entry(data: bytes) -> Entry:
    said: dict[int, int] = {}
    shape: list[int] = []
    slices: list[Slice] = []
    for number, value in fields(data):
        if number == 2:
            sizes = (dict(fields(message(v))) for n, v in fields(message(value)) if n == 2)
            shape = [integer(size.get(1, 0)) for size in sizes]
        elif number == 7:
            slices.append(parse_slice(message(value)))
        else:
            said[number] = integer(value)
    if any(size < 0 for size in shape):
        raise ModelError("its index is damaged: a shape is negative")
    dtype, shard, offset, size, checksum = (said.get(number, 0) for number in (1, 3, 4, 5, 6))
    return Entry(dtype, tuple(shape), shard, offset, size, checksum, tuple(slices))


def _object_graph(data: bytes) -> dict[str, Variable]:
    """What the graph of objects says, by checkpoint key."""
    children: list[list[tuple[int, str]]] = []
    attributes: list[dict[str, str]] = []
    for number, node in fields(data):
        if number != 1:
            continue
        children.append([])
        attributes.append({})
        for kind, value in fields(message(node)):
            if kind not in (1, 2):
                continue
            said = dict(fields(message(value)))
            if kind == 1:
                children[-1].append((integer(said.get(1, 0)), text(said.get(2, b""))))
            else:
                attributes[-1][text(said.get(3, b""))] = text(said.get(2, b""))
    paths = _paths(children)
    return {
        key: Variable(name, paths.get(number, ""))
        for number, node in enumerate(attributes)
        for key, name in node.items()
    }


def _paths(children: list[list[tuple[int, str]]]) -> dict[int, str]:
    """The shortest path to each object from the first one, which is the root, but not by lists."""
    paths = {0: ""}
    queue = deque([0])
    length = 0
    while queue:
        node = queue.popleft()
        for child, name in children[node] if 0 <= node < len(children) else ():
            if child in paths or name in _LISTS:
                continue
            paths[child] = f"{paths[node]}/{name}" if node else name
            length += len(paths[child])
            # Real paths have a hundred characters; a chain of many long names has no end to them.
            if length > _MAX_INDEX:
                raise ModelError("its graph of objects is damaged")
            queue.append(child)
    return paths
