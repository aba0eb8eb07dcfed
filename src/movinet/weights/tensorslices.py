"""Tensors that a checkpoint stores in slices: which box of the tensor each is, and under what key.

TensorFlow cuts a tensor that would not fit the size limit of one file.
"""

from __future__ import annotations

from typing import NamedTuple

from movinet.errors import ModelError
from movinet.models.wire import fields, integer, message

_FULL = -1  # how "all of this axis" is written


class Slice(NamedTuple):
    """A box of a tensor: (start, length) along each axis, where length -1 stands for all of it."""

    extents: tuple[tuple[int, int], ...]

    def place(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """Where the box lies in a tensor of `shape`.

        Raises:
            ModelError: it does not lie in it.
        """
        place = []
        for (start, length), size in zip(self.extents, shape, strict=False):
            end = size if length == _FULL else start + length
            if not 0 <= start <= end <= size:
                break
            place.append(slice(start, end))
        if len(place) != len(shape) or len(self.extents) != len(shape):
            raise ModelError("its index is damaged: a slice lies outside its tensor")
        return tuple(place)

    def key(self, name: bytes) -> bytes:
        """The key of this slice of the tensor called `name`."""
        # The parts are written so that the keys sort as the slices do.
        escaped = b"".join({0: b"\0\xff", 255: b"\xff\0"}.get(b, bytes((b,))) for b in name)
        numbers = b"".join(_sortable(n) for extent in self.extents for n in extent)
        count = len(self.extents)
        rank = bytes((1, count)) if count else b"\0"
        return b"\0" + escaped + b"\0\x01" + rank + numbers


def _sortable(number: int) -> bytes:
    """A signed number in bytes that sort as it does: as many ones lead as there are bytes."""
    magnitude = ~number if number < 0 else number
    size = 1
    while magnitude >> 7 * size - 1:
        size += 1
    mark = ((1 << size) - 1) << 7 * size
    return (number & (1 << 8 * size) - 1 ^ mark).to_bytes(size, "big")


def parse_slice(data: bytes) -> Slice:
    """A slice from what an entry of the index says of it."""
    extents = []
    for number, value in fields(data):
        if number == 1:
            said = dict(fields(message(value)))
            extents.append((integer(said.get(1, 0)), integer(said[2]) if 2 in said else _FULL))
    if len(extents) > 32:
        raise ModelError("its index is damaged: a slice has too many axes")
    return Slice(tuple(extents))
