"""Which files hold the same, told without reading all of each."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

_WHOLE, _PART = 1 << 20, 64 << 10


def content_key(path: str | Path) -> str:
    """A name for what a file holds: 32 hexadecimal digits.

    Of files up to 1 MiB everything counts, of larger ones the size and the first and last 64 KiB.
    There lie the tables of MP4 and MOV, with the size of every picture, and the index of Matroska
    and AVI.

    Raises:
        OSError: when it cannot be read.
    """
    if stat.S_ISFIFO(Path(path).stat().st_mode):
        raise OSError(errno.EINVAL, "it is a pipe; give a file")  # opening it might wait for ever
    digest = hashlib.blake2b(digest_size=16)
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest.update(size.to_bytes(8, "little"))
        file.seek(0)
        if size <= _WHOLE:
            digest.update(file.read())
        else:
            digest.update(file.read(_PART))
            file.seek(-_PART, os.SEEK_END)
            digest.update(file.read(_PART))
    return digest.hexdigest()


def content_keys(paths: list[str]) -> dict[str, str]:
    """The keys of those files that can be read."""
    keys = {}
    for path in dict.fromkeys(paths):
        try:
            keys[path] = content_key(path)
        except (OSError, ValueError):  # a name with a zero byte is a ValueError
            continue
    return keys
