"""JPEGs of strangers: what is decoded, and what is not even tried."""

from __future__ import annotations

import time

import numpy as np
import pytest

from kit.jpegcamera import jpeg
from movinet.errors import SourceError
from movinet.web.jpeg import JpegDecoder, TooLargeError, checked_jpeg


@pytest.fixture(scope="module")
def picture():
    y, x = np.mgrid[:48, :64]
    return np.stack([4 * x, 5 * y, 2 * (x + y)], -1).astype(np.uint8)


@pytest.fixture(scope="module")
def good(picture):
    return jpeg(picture)


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def sized(data: bytes, height: int, width: int) -> bytes:
    """The same with another size in its header."""
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[place + 4 :]


def test_a_picture(good, picture):
    image = JpegDecoder(64)(good)
    assert image.dtype == np.uint8
    assert image.shape == picture.shape
    assert np.abs(image.astype(int) - picture).mean() < 6


def test_what_follows_is_left_alone(good):
    assert checked_jpeg(good + b"and more", 64) == good


def test_pixels_beyond_the_limit(good):
    with pytest.raises(TooLargeError, match="64x48 pixels is too large: at most 63x63 are taken"):
        JpegDecoder(63)(good)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: b"", "no JPEG"),
        (lambda data: b"garbage" * 1000, "no JPEG"),
        (lambda data: b"\x89PNG" + data, "no JPEG"),
        (lambda data: data[:2], "cut off"),
        (lambda data: data[: len(data) // 2], "cut off"),
        (lambda data: data[:-2], "cut off"),
        (lambda data: b"\xff\xd8\xff\xd9", "no picture"),
        (lambda data: sized(data, 0, 64), "no size"),
        (lambda data: sized(data, 65535, 65535), "too large"),
        (lambda data: data.replace(b"\xff\xc0", b"\xff\xc3"), "kind of JPEG"),
        (lambda data: data[:2] + data[2:-2].replace(b"\xff\xc0", b"\xff\xe5"), "damaged"),
        (lambda data: data[:2] + segment(0xE1, b"x") * 600 + data[2:], "too many parts"),
        (lambda data: data[:-2] + segment(0xDA, b"\1\1\0\0\x3f\0") * 100 + data[-2:], "damaged"),
        (
            lambda data: data[:2] + segment(0xC0, b"\x08\0\x10\0\x10\3" + bytes(9)) + data[2:],
            "damaged",
        ),
        (lambda data: data[:2] + b"\xff\xe1\xff\xff" + data[2:], "cut off"),
        (
            lambda data: data.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x63"),
            "cannot be decoded",
        ),
    ],
)
def test_what_is_none(good, spoil, said):
    decode = JpegDecoder(1000)
    begun = time.perf_counter()
    with pytest.raises(SourceError, match=said):
        decode(spoil(good))
    assert time.perf_counter() - begun < 0.5
    assert decode(good).shape == (48, 64, 3)


def test_chance(good):
    """Whatever bytes change: a picture or an error, never anything else."""
    random = np.random.default_rng(0)
    decode = JpegDecoder(1000)
    for _ in range(300):
        data = np.frombuffer(good, np.uint8).copy()
        data[random.integers(0, len(data), 5)] = random.integers(0, 256, 5)
        try:
            assert decode(data.tobytes()).ndim == 3
        except SourceError:
            continue
