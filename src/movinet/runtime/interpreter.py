"""`interpreter_of`: a LiteRT interpreter, loaded without a word."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def interpreter_of(model: Path | bytes, threads: int = 1) -> Any:  # noqa: ANN401 (untyped library)
    """A LiteRT interpreter for a file or its bytes, ready to run.

    Raises:
        ValueError, RuntimeError: LiteRT refuses it.
    """
    from ai_edge_litert.interpreter import Interpreter

    where = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
    with _quiet():
        interpreter = Interpreter(**where, num_threads=threads)
        interpreter.allocate_tensors()
    return interpreter


_stderr = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep LiteRT's own "INFO:" lines off stderr while a model is loaded.

    They come from C++, obey no setting and would stand before every answer. Whatever else is
    written meanwhile is written out afterwards.
    """
    with _stderr:
        try:
            saved = os.dup(2)
        except OSError:  # a process without stderr
            yield
            return
        reader, writer = os.pipe()
        # A pipe holds 64 KiB; were there ever more, writing must fail and not wait for ever.
        if hasattr(os, "set_blocking"):  # not on Windows before Python 3.12
            os.set_blocking(writer, False)
        try:
            os.dup2(writer, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(writer)
            with os.fdopen(reader, "rb") as held:
                for line in held:
                    if not line.startswith(b"INFO:"):
                        os.write(2, line)
