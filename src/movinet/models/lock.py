"""A lock that holds between processes, and between threads of one, as long as a file is open."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[bytes], *, wait: bool = True) -> None:
        while True:
            file.seek(0)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except PermissionError as error:  # somebody else holds it
                if not wait:
                    raise BlockingIOError(str(error)) from error
                time.sleep(0.1)
            else:
                return

    def _release(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _acquire(file: IO[bytes], *, wait: bool = True) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path` (a file that is made and stays), waiting for it as long as it takes.

    The system lets go of the lock when the process ends, however it ends. The file stays because
    removing it would let a third process lock a new file while a second still waits on the old.

    Raises:
        OSError: the file cannot be made, or its file system knows no locks.
    """
    with path.open("ab") as file:
        _acquire(file)
        try:
            yield
        finally:
            _release(file)


@contextlib.contextmanager
def held(file: IO[bytes]) -> Iterator[None]:
    """Hold `file` itself, without waiting.

    Raises:
        BlockingIOError: somebody else holds it.
        OSError: its file system knows no locks.
    """
    _acquire(file, wait=False)
    try:
        yield
    finally:
        _release(file)
