"""The least of a Protocol Buffers reader: a message as its fields, checked against its end."""

from __future__ import annotations

from collections.abc import Iterator

from movinet.errors import ModelError

_DAMAGED = "the file is damaged or cut short"
_FIXED = {1: 8, 5: 4}


def varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at `position`, seven bits a byte, and where it ends."""
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, position
        shift += 7
    raise ModelError(_DAMAGED)


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Every field as (number, value): strings and messages as bytes, all else as an integer.

    Raises:
        ModelError: it is no message, or is cut short.
    """
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        kind = tag & 7
        if kind == 0:
            value, position = varint(message, position)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, position = varint(message, position)
        elif kind in _FIXED:
            length = _FIXED[kind]
        else:
            raise ModelError(_DAMAGED)
        if length > len(message) - position:
            raise ModelError(_DAMAGED)
        chunk = message[position : position + length]
        position += length
        yield tag >> 3, chunk if kind == 2 else int.from_bytes(chunk, "little")


def integer(value: int | bytes) -> int:
    """A field that must be a number, with its sign."""
    if isinstance(value, bytes):
        raise ModelError(_DAMAGED)
    return value - (1 << 64) if value >> 63 else value


def message(value: int | bytes) -> bytes:
    """A field that must be a message or a string."""
    if isinstance(value, int):
        raise ModelError(_DAMAGED)
    return value


def text(value: int | bytes) -> str:
    """A field that must be a string."""
    return message(value).decode("utf-8", errors="backslashreplace")
