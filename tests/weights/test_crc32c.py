"""The checksum, against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.weights.crc32c import crc32c, masked_crc32c


def plain_crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "checksum"),
    [  # RFC 3720, B.4, and the usual one
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_known_checksums(data, checksum):
    assert crc32c(data) == checksum


@given(st.integers(0, 3000), st.integers(0, 99), st.integers(0, 3000))
def test_long_and_short_checksums_are_those_of_the_definition(size, seed, cut):
    data = np.random.default_rng(seed).bytes(size)
    assert crc32c(data) == plain_crc32c(data)
    assert crc32c(data[cut:], crc32c(data[:cut])) == crc32c(data)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_540, 131_072, 200_003])
def test_checksums_around_the_length_of_a_row(size):
    data = np.random.default_rng(size).bytes(size)
    assert crc32c(data) == plain_crc32c(data)


def test_a_masked_checksum():
    assert masked_crc32c(crc32c(b"foo")) != crc32c(b"foo")
    assert masked_crc32c(0) == 0xA282EAD8
    assert masked_crc32c(0x00008000) == 0xA282EAD9
