"""Files that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from movinet.errors import OutputError, UsageError


def check_place(path: str | Path) -> None:
    """See whether a file can be at `path`, before the work for it is done.

    Raises:
        UsageError: when it is a folder.
        OutputError: when its folder does not exist.
    """
    target = Path(path)
    if target.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {target.parent}")


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """A hidden place beside `path` to write to; it gets the name when the statement ends well.

    Raises:
        UsageError: when `path` is a folder.
        OutputError: when its folder does not exist, or an `OSError` ends the statement.
    """
    check_place(path)
    target = Path(path)
    place = target.with_name(f".{target.name}.part")
    try:
        yield place
        place.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        place.unlink(missing_ok=True)


def write_whole(path: str | Path, data: str | bytes) -> None:
    """A file with `data`; text as UTF-8.

    Raises:
        UsageError: when `path` is a folder.
        OutputError: when it cannot be written.
    """
    with beside(path) as place:
        # surrogateescape: a file name that is not UTF-8 goes out as the bytes that it is.
        place.write_bytes(
            data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        )
