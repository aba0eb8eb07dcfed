"""The least of a Protocol Buffers reader: a message as its fields, checked against its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from movinet.errors import ModelError

_DAMAGED = "the file is damaged or cut short"
_FIXED = {1: 8, 5: 4}

# A memoryview is read without copying what it holds.
Chunk = TypeVar("Chunk", bytes, memoryview)


class Span(NamedTuple):
    """Where a field lies in its message, number and all."""

    number: int
    start: int
    end: int


def varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
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


def fields(message: Chunk) -> Iterator[tuple[int, int | Chunk]]:
    """Every field as (number, value): strings and messages as bytes, all else as an integer.

    Raises:
        ModelError: it is no message, or is cut short.
    """
    for number, value, _ in _walk(message):
        yield number, value


def spans(message: bytes) -> Iterator[Span]:
    """Where every field lies; raises like `fields`."""
    start = 0
    for number, _, end in _walk(message):
        yield Span(number, start, end)
        start = end


def _walk(message: Chunk) -> Iterator[tuple[int, int | Chunk, int]]:
    """Every field as (number, value, where it ends)."""
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        kind = tag & 7
        if kind == 0:
            value, position = varint(message, position)
            yield tag >> 3, value, position
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
        yield tag >> 3, chunk if kind == 2 else int.from_bytes(chunk, "little"), position


def integer(value: int | bytes | memoryview) -> int:
    """A field that must be a number, with its sign."""
    if not isinstance(value, int):
        raise ModelError(_DAMAGED)
    return value - (1 << 64) if value >> 63 else value


def message(value: int | Chunk) -> Chunk:
    """A field that must be a message or a string."""
    if isinstance(value, int):
        raise ModelError(_DAMAGED)
    return value


def text(value: int | bytes | memoryview) -> str:
    """A field that must be a string."""
    if isinstance(value, int):
        raise ModelError(_DAMAGED)
    return bytes(value).decode("utf-8", errors="backslashreplace")


def number(value: int) -> bytes:
    """An unsigned number, seven bits a byte."""
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def field(tag: int, content: bytes) -> bytes:
    """A field that is a message or a string."""
    return number(tag << 3 | 2) + number(len(content)) + content
