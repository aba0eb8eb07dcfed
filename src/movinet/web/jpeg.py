"""JPEG pictures from strangers: looked at before they are decoded."""

from __future__ import annotations

import re

import av

from movinet.errors import SourceError
from movinet.frames import Image
from movinet.frames.orientation import orientation_of, upright_image

# A marker; 00 and D0 to D7 stand inside coded data.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_OTHER_FRAMES = (0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
# A progressive picture has some ten scans. Each goes over the whole of it, so that thousands of
# them, a few bytes each, would keep a core busy for minutes.
_MOST_SCANS, _MOST_SEGMENTS = 64, 512


class TooLargeError(SourceError):
    """A picture has more pixels than are taken."""


def checked_jpeg(data: bytes, largest: int) -> bytes:
    """The one JPEG that `data` begins with, when its header says nothing unreasonable.

    Args:
        data: from a stranger.
        largest: pixels that its width and its height may have.

    Raises:
        TooLargeError: it claims to be wider or higher.
        SourceError: it is no JPEG, or not all of one.
    """
    if data[:2] != b"\xff\xd8":
        raise SourceError("this is no JPEG")
    place, scans, framed = 2, 0, False
    for _ in range(_MOST_SEGMENTS):
        match = _MARKER.search(data, place)
        if match is None:
            raise SourceError("the JPEG is cut off")
        marker, place = match[1][0], match.end()
        if marker == _END:
            if not scans:
                raise SourceError("the JPEG has no picture")
            return data[:place]
        if marker in (_START, 0x01):
            raise SourceError("the JPEG is damaged")
        length = int.from_bytes(data[place : place + 2], "big")
        if length < 2 or place + length > len(data):
            raise SourceError("the JPEG is cut off")
        if marker in _OTHER_FRAMES:
            raise SourceError("this kind of JPEG is not taken: send a baseline or progressive one")
        if marker in _FRAMES:
            if framed or length < 8:
                raise SourceError("the JPEG is damaged")
            framed = True
            _check_size(data, place, largest)
        if marker == _SCAN:
            scans += 1
            if not framed or scans > _MOST_SCANS:
                raise SourceError("the JPEG is damaged")
        place += length
    raise SourceError("the JPEG has too many parts")


def _check_size(data: bytes, place: int, largest: int) -> None:
    height = int.from_bytes(data[place + 3 : place + 5], "big")
    width = int.from_bytes(data[place + 5 : place + 7], "big")
    if not (height and width):
        raise SourceError("the JPEG has no size")
    if max(height, width) > largest:
        raise TooLargeError(
            f"a picture of {width}x{height} pixels is too large: "
            f"at most {largest}x{largest} are taken"
        )


class JpegDecoder:
    """Decodes one JPEG after the other; to be used by one thread."""

    def __init__(self, largest: int) -> None:
        """`largest`: pixels that width and height may have."""
        self._largest = largest
        self._begin()

    def _begin(self) -> None:
        self._context = av.CodecContext.create("mjpeg", "r")
        self._context.thread_count = 1
        self._context.options = {"max_pixels": str(self._largest**2)}

    def __call__(self, data: bytes) -> Image:
        """The picture `[H, W, 3]` uint8 RGB, upright.

        Raises:
            TooLargeError: it has too many pixels.
            SourceError: it cannot be decoded.
        """
        jpeg = checked_jpeg(data, self._largest)
        try:
            pictures = self._context.decode(av.Packet(jpeg))
            picture = pictures[0]
            return upright_image(picture, orientation_of(picture))
        except (av.error.FFmpegError, ValueError, IndexError, MemoryError) as error:
            # What is left of a broken one must not show in the next.
            self._begin()
            raise SourceError("the JPEG cannot be decoded") from error
