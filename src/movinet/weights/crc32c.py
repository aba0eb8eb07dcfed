"""CRC-32C, the checksum of TensorFlow's files, fast enough to check every weight that is read.

A checksum is a remainder, and remainders add up: moving a word past n others multiplies it by a
constant, whatever the words are. So the data is taken as rows of many words, each row is moved past
the next all at once, and the last row is folded in half until one word is left. 15 MB take 25 ms;
byte by byte in Python they take a second and a half.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_Words = np.ndarray[Any, np.dtype[np.uint32]]

_POLYNOMIAL = 0x82F63B78
_ROW = 14  # a row is 2**14 words: its passes stay in the processor's cache
_SHORT = 512  # bytes; below it the plain loop is the faster way
_MASK_DELTA = 0xA282EAD8


def _byte_table() -> _Words:
    one, table = np.uint32(1), np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> one) ^ ((table & one) * np.uint32(_POLYNOMIAL))
    return table


def _move(tables: _Words, words: _Words) -> _Words:
    """`words` past as many zero words as `tables` [4, 256] (a row for each byte) stand for."""
    columns = words.view(np.uint8).reshape(-1, 4)
    moved: _Words = tables[0].take(columns[:, 0])
    for row in range(1, 4):
        moved ^= tables[row].take(columns[:, row])
    return moved


def _move_tables() -> list[_Words]:
    """Number k moves a word past 2**k words."""
    one = np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]
    for _ in range(4):
        one = _BYTES[one & 255] ^ (one >> 8)
    tables = [one]
    for _ in range(_ROW):
        tables.append(_move(tables[-1], tables[-1].reshape(-1)).reshape(4, 256))
    return tables


_BYTES = _byte_table()
_BYTE_LIST: list[int] = _BYTES.tolist()
_MOVES = _move_tables()


def crc32c(data: bytes, start: int = 0) -> int:
    """The checksum of `data`, where `start` is that of what came before it."""
    crc = start ^ 0xFFFFFFFF
    head = len(data) if len(data) < _SHORT else len(data) % 4
    for byte in data[:head]:
        crc = _BYTE_LIST[(crc ^ byte) & 255] ^ (crc >> 8)
    if head < len(data):
        words = np.frombuffer(data, "<u4", offset=head).astype(np.uint32)
        words[0] ^= np.uint32(crc)
        crc = int(_move(_MOVES[0], _fold(words))[0])
    return crc ^ 0xFFFFFFFF


def _fold(words: _Words) -> _Words:
    """One word that leaves the same remainder as all of `words`."""
    width = 1 << _ROW
    if len(words) > width:
        first = len(words) % width or width
        row = np.zeros(width, np.uint32)
        row[width - first :] = words[:first]
        for place in range(first, len(words), width):
            row = _move(_MOVES[_ROW], row)
            row ^= words[place : place + width]
        words = row
    while len(words) > 1:
        power = (len(words) - 1).bit_length() - 1
        front = len(words) - (1 << power)
        rest = words[front:].copy()
        rest[len(rest) - front :] ^= _move(_MOVES[power], words[:front].copy())
        words = rest
    return words


def masked_crc32c(crc: int) -> int:
    """A checksum as TensorFlow stores it: rotated and shifted, as it may be part of the data."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
