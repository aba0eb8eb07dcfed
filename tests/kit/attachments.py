"""The files zipped behind a .tflite."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping


def split(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The network alone, and the files behind it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = min(entry.header_offset for entry in archive.infolist())
        return data[:first], {name: archive.read(name) for name in archive.namelist()}


def join(
    network: bytes, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED
) -> bytes:
    """A .tflite with `files` behind it."""
    stream = io.BytesIO(network)
    with zipfile.ZipFile(stream, "a", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
