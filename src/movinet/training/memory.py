"""Keeping memory that a step needs again in the next one."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

# The parameters of glibc's `mallopt`; what they are afterwards is what `keep_freed_memory` of
# `frames/resize.py` makes of them, so that pictures stay as fast.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_AFTERWARDS = {_TRIM_THRESHOLD: 64 << 20, _MMAP_THRESHOLD: 32 << 20, _MMAP_MAX: 65536}
_NEVER = 2**31 - 1


@contextmanager
def kept_memory() -> Iterator[None]:
    """For its time this process keeps all memory that it has freed; afterwards it gives it back.

    A step of training takes gigabytes in pieces of many megabytes, and gives all of them back. The
    C library hands such pieces to the system at once and gets them anew, and the system fills each
    page of them with zeros: a quarter of the time of a step. Of other C libraries than glibc
    nothing is asked.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        for parameter, value in _AFTERWARDS.items():
            library.mallopt(parameter, value)
        library.malloc_trim(0)
