"""Writing a file so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from movinet.errors import OutputError

_MOST_LINKS = 40  # as Linux


def place_of(target: Path) -> Path | None:
    """The file that takes the place of `target` when it is written: what it leads to, if a link.

    None where nothing may be laid beside it or renamed over it, so that it is written to as it is:
    a device, a pipe, or what is reached by way of /dev or /proc, as /dev/stdout is.

    Raises:
        OSError: it cannot be looked at.
    """
    place = target.absolute()
    for _ in range(_MOST_LINKS):
        place = Path(os.path.realpath(place.parent), place.name)
        # /dev/shm is no place of devices, but a disk in memory.
        if place.parts[1:2] in (("dev",), ("proc",)) and place.parts[2:3] != ("shm",):
            if not target.exists():  # to make files there is nobody's wish
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            return None
        if not place.is_symlink():
            return place if place.is_file() or not place.exists() else None
        place = place.parent / place.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def write_whole(
    target: Path, data: bytes, check: Callable[[Path], object] = lambda path: None
) -> None:
    """Write `data` beside `target` and give it its name when all is written and `check` is done.

    What is no file, such as a device, is written to as it is, and not checked.

    Raises:
        OutputError: when that cannot be done; what was there before stays.
    """
    beside: Path | None = None
    try:
        place = place_of(target)
        if place is None:
            with target.open("ab") as file:
                file.write(data)
            return
        beside = place.with_name(f".{place.name}.{os.getpid()}.part")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        check(beside)
        beside.replace(place)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def check_writable(target: Path) -> None:
    """Find out before a long piece of work whether `target` can be written after it.

    Raises:
        OutputError: it cannot.
    """
    try:
        if target.is_dir():
            raise OutputError(f"cannot write {target}: it is a folder")
        place = place_of(target)
        if place is None:
            return
        if not place.parent.is_dir():
            folder = place.parent if target.is_symlink() else target.parent
            raise OutputError(f"cannot write {target}: there is no folder {folder}")
        beside = place.with_name(f".{place.name}.{os.getpid()}.try")
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
