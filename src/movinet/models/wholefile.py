"""Writing a file so that nobody ever sees half of one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from movinet.errors import OutputError


def write_whole(
    target: Path, data: bytes, check: Callable[[Path], object] = lambda path: None
) -> None:
    """Write `data` beside `target` and give it its name when all is written and `check` is done.

    Raises:
        OutputError: when that cannot be done; what was there before stays.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        check(beside)
        beside.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def check_writable(target: Path) -> None:
    """Find out before a long piece of work whether `target` can be written after it.

    Raises:
        OutputError: it cannot.
    """
    folder = target.absolute().parent
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder")
    if not folder.is_dir():
        raise OutputError(f"cannot write {target}: there is no folder {target.parent}")
    beside = target.with_name(f".{target.name}.{os.getpid()}.try")
    try:
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
