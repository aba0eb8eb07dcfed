"""The least of a FlatBuffers reader: enough to ask a .tflite file what it says of itself.

Every offset is checked against the end of the buffer, so that a truncated or foreign file ends in
`ModelError` and never in a crash. Reading the few tables we need this way takes a millisecond;
importing the generated schema takes a hundred, which `movinet classify` would pay at each start.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator

from movinet.errors import ModelError


def _unpack(layout: str, data: bytes | mmap.mmap, position: int) -> int:
    try:
        value: int = struct.unpack_from(layout, data, position)[0]
    except struct.error as error:
        raise ModelError("the file is damaged or cut short") from error
    return value


class Table:
    """One table of a flatbuffer: `data` is the whole buffer, `position` where the table starts."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes | mmap.mmap, position: int) -> None:
        self.data = data
        self.position = position

    @classmethod
    def root(cls, data: bytes | mmap.mmap) -> Table:
        """The table that the first four bytes of `data` point to."""
        return cls(data, _unpack("<I", data, 0))

    def _field(self, number: int) -> int | None:
        """Where field `number` lies, or None when the table does not carry it."""
        vtable = self.position - _unpack("<i", self.data, self.position)
        if vtable < 0:
            raise ModelError("the file is damaged or cut short")
        entry = 4 + 2 * number
        if entry >= _unpack("<H", self.data, vtable):
            return None
        offset = _unpack("<H", self.data, vtable + entry)
        return self.position + offset if offset else None

    def scalar(self, number: int, layout: str, default: int = 0) -> int:
        """An integer field; `layout` as in `struct`, for example "<i"."""
        where = self._field(number)
        return default if where is None else _unpack(layout, self.data, where)

    def table(self, number: int) -> Table | None:
        """A field that is another table."""
        where = self._field(number)
        if where is None:
            return None
        return Table(self.data, where + _unpack("<I", self.data, where))

    def _vector(self, number: int, item_size: int) -> tuple[int, int]:
        """(start, length) of a vector field; (0, 0) when absent."""
        where = self._field(number)
        if where is None:
            return 0, 0
        start = where + _unpack("<I", self.data, where)
        length = _unpack("<I", self.data, start)
        if start + 4 + length * item_size > len(self.data):
            raise ModelError("the file is damaged or cut short")
        return start + 4, length

    def bytes_(self, number: int) -> bytes:
        """A vector of bytes, copied."""
        start, length = self._vector(number, 1)
        return self.data[start : start + length]

    def length(self, number: int) -> int:
        """How many items a vector field holds (whose items take at least a byte)."""
        return self._vector(number, 1)[1]

    def text(self, number: int) -> str:
        """A string field; the empty string when absent."""
        return self.bytes_(number).decode("utf-8", errors="replace")

    def integers(self, number: int) -> tuple[int, ...]:
        """A vector of int32."""
        start, length = self._vector(number, 4)
        return struct.unpack_from(f"<{length}i", self.data, start) if length else ()

    def longs(self, number: int) -> tuple[int, ...]:
        """A vector of int64."""
        start, length = self._vector(number, 8)
        return struct.unpack_from(f"<{length}q", self.data, start) if length else ()

    def floats(self, number: int) -> tuple[float, ...]:
        """A vector of float32."""
        start, length = self._vector(number, 4)
        return struct.unpack_from(f"<{length}f", self.data, start) if length else ()

    def tables(self, number: int) -> Iterator[Table]:
        """A vector of tables."""
        start, length = self._vector(number, 4)
        for place in range(start, start + 4 * length, 4):
            yield Table(self.data, place + _unpack("<I", self.data, place))
