"""What a command writes must not be what it reads, and no two of its files may be one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from movinet.errors import UsageError
from movinet.frames.discovery import expand, has_magic, images_in
from movinet.models.wholefile import place_of


def check_targets(
    targets: Iterable[tuple[str, str | Path | None]],
    sources: Iterable[tuple[str, str | Path | None]],
) -> None:
    """Refuse to lose a file, before anything is written.

    Args:
        targets: files to be written, each after its option.
        sources: what is read, each after what it is; "-": standard input. A folder or a pattern
            stands for the images that it names.

    Raises:
        UsageError: two targets are one file, or a target is a source.
    """
    options: dict[Path, str] = {}
    written: dict[tuple[int, int], str | Path] = {}
    for option, name in targets:
        if name is None:
            continue
        try:
            place = place_of(Path(name))
        except OSError:
            continue  # whoever writes it says why that cannot be
        if place is not None and options.setdefault(place, option) != option:
            raise UsageError(
                f"{options[place]} and {option} both write {name}: name another file for one of "
                "them"
            )
        identity = _identity(name)
        if identity is not None:
            written[identity] = name
    if not written:
        return
    for what, source in sources:
        for file in () if source is None else _files(str(source)):
            identity = _identity(file)
            if identity in written:
                raise UsageError(
                    f"cannot write {written[identity]}: it is {what} itself; name another file"
                )


def _identity(name: str | Path | int) -> tuple[int, int] | None:
    """What a regular file is known by, whatever it is called; an int is an open one."""
    try:
        found = os.stat(name)  # noqa: PTH116 (open files too)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _files(source: str) -> Iterator[str | int]:
    if source == "-":
        yield 0
        return
    name = source.removeprefix("file://")
    yield name
    try:
        if Path(name).is_dir():
            yield from images_in(name)
        elif has_magic(name):
            yield from expand(name)
    except OSError:
        pass  # it fails as it is opened, as one input among others
