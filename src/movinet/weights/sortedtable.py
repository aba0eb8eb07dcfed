"""Reading a sorted table of keys and values, as LevelDB and TensorFlow's `.index` files have it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from movinet.errors import ModelError
from movinet.models.wire import varint
from movinet.weights.crc32c import crc32c, masked_crc32c

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5  # after each block: its compression, and the checksum of it all
# Keys are stored as what differs from the one before, so a small hostile file can hold long ones
# without end. The largest official network, with all that training keeps, takes less than 2 MB.
_MAX_KEY_BYTES = 1 << 27
_DAMAGED = "its index is damaged or cut short"


def read_sorted_table(data: bytes) -> dict[bytes, bytes]:
    """Every entry of the table whose file holds `data`; each block's checksum is verified.

    Raises:
        ModelError: it is no such table, is damaged, or is compressed.
    """
    if len(data) < _FOOTER or struct.unpack_from("<Q", data, len(data) - 8)[0] != _MAGIC:
        raise ModelError("it is not the index of a TensorFlow checkpoint, or is cut short")
    footer = data[-_FOOTER:]
    _, position = _handle(footer, 0)  # the table of metadata is empty in these files
    where, _ = _handle(footer, position)
    table: dict[bytes, bytes] = {}
    key_bytes = 0
    for _, value in _entries(_block(data, *where)):
        for key, entry in _entries(_block(data, *_handle(value, 0)[0])):
            if key in table:
                raise ModelError(_DAMAGED)
            key_bytes += len(key)
            if key_bytes > _MAX_KEY_BYTES:
                raise ModelError("its index is damaged: its names take more than 128 MiB")
            table[key] = entry
    return table


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Where a block lies, as (offset, size), and where that is said ends."""
    offset, position = varint(data, position)
    size, position = varint(data, position)
    return (offset, size), position


def _block(data: bytes, offset: int, size: int) -> bytes:
    end = offset + size
    if end + _TRAILER > len(data) - _FOOTER:
        raise ModelError(_DAMAGED)
    kind = data[end]
    (checksum,) = struct.unpack_from("<I", data, end + 1)
    if masked_crc32c(crc32c(data[offset : end + 1])) != checksum:
        raise ModelError("its index is damaged: a checksum is wrong")
    if kind != 0:
        raise ModelError(f"its index is compressed (kind {kind}), which is not read")
    return data[offset:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a block, each key put together from what it shares with the one before."""
    if len(block) < 4:
        raise ModelError(_DAMAGED)
    # The end is a list of places to start reading from; whoever reads all has no use for it.
    (restarts,) = struct.unpack_from("<I", block, len(block) - 4)
    end = len(block) - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = varint(block, position)
        own, position = varint(block, position)
        length, position = varint(block, position)
        if shared > len(key) or own + length > end - position:
            raise ModelError(_DAMAGED)
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + length]
        position += length
    if position != end:
        raise ModelError(_DAMAGED)
