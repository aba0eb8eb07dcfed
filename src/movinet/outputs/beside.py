"""Files that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from movinet.errors import OutputError, UsageError
from movinet.models.wholefile import check_writable, place_of


def check_place(path: str | Path) -> None:
    """See whether a file can be at `path`, before the work for it is done.

    Raises:
        UsageError: when it is a folder.
        OutputError: when its folder does not exist, or nothing can be written there.
    """
    target = Path(path)
    try:
        folder = target.is_dir()
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    if folder:
        raise UsageError(f"cannot write {path}: it is a folder; name a file in it")
    check_writable(target)


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """A hidden place beside `path` to write to; it gets the name when the statement ends well.

    It lies beside what `path` leads to, if that is a link. What is no file, such as a device, is
    given the content at the end.

    Raises:
        UsageError: when `path` is a folder.
        OutputError: when its folder does not exist, or an `OSError` ends the statement.
    """
    check_place(path)
    target = Path(path)
    try:
        final = place_of(target)
        if final is None:
            import shutil
            import tempfile  # both are rarely needed, and slow to import

            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder, target.name)
                yield place
                with place.open("rb") as made, target.open("ab") as device:
                    shutil.copyfileobj(made, device)
            return
        place = final.with_name(f".{final.name}.part")
        try:
            yield place
            place.replace(final)
        finally:
            place.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


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
