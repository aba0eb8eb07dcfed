"""Text results in a file or on standard output."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from movinet.errors import OutputError
from movinet.models.wholefile import place_of
from movinet.outputs.beside import check_place


class TextOutput:
    """Lines of text to a path, or to standard output when there is none.

    A regular file is written beside its name (where that is a link: beside what it leads to) and
    renamed at the end, so that a reader never sees half of it; a device or pipe is written to
    directly. Each line is flushed: what is said is out.
    """

    def __init__(self, path: str | Path | None) -> None:
        self._name = "standard output" if path is None else str(path)
        self._target: Path | None = None
        self._beside: Path | None = None
        self._stream: TextIO | None = None
        if path is None:
            self._stream = sys.stdout
            return
        check_place(path)
        place, mode = Path(path), "a"
        try:
            self._target = place_of(place)
            if self._target is not None:
                self._beside = place = self._target.with_name(f".{self._target.name}.part")
                mode = "w"
            # surrogateescape: a file name that is not UTF-8 goes out as the bytes that it is.
            stream = place.open(mode, encoding="utf-8", errors="surrogateescape", newline="")
            assert isinstance(stream, TextIOWrapper)
            self._stream = stream
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error

    def write(self, text: str) -> None:
        """Write `text` now.

        Raises:
            OutputError: when there is no room for it, for example.
            BrokenPipeError: when nobody reads standard output any more.
        """
        assert self._stream is not None
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(printable(text, self._stream))
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Give the file its name.

        Raises:
            OutputError: when that cannot be. What there was room for stays beside it.
        """
        stream, self._stream = self._stream, None
        if stream is None or stream is sys.stdout:
            return
        try:
            stream.close()
            if self._beside is not None and self._target is not None:
                self._beside.replace(self._target)
        except OSError as error:
            raise OutputError(f"{self._failed(error)}{self._kept()}") from error

    def _kept(self) -> str:
        """Where what was written is, when it cannot be given its name; nothing is not kept."""
        if self._beside is None:
            return ""
        try:
            if self._beside.stat().st_size:
                return f"; what there was room for is in {self._beside}"
            self._beside.unlink()
        except OSError:
            pass  # nobody can look, so there is nothing to tell
        return ""

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._name}: {error.strerror}")


def printable(text: str, stream: TextIO) -> str:
    """`text` with escapes for what the encoding of `stream` has no letters for."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
