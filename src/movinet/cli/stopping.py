"""SIGTERM, with which a machine that shuts down or a scheduler stops a program, as an exception."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import NoReturn

_PATIENCE = 3.0  # seconds


# Of no other kind: neither click nor anything on the way is to take it for its own.
class Terminated(BaseException):
    """SIGTERM has come: what is written is finished, and what is half is removed, on the way."""


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """Raise `Terminated` in the statement when SIGTERM comes; also a decorator of a verb.

    Python raises nothing while FFmpeg waits for bytes, which may be for ever where a pipe gives
    none. When the exception cannot be raised within three seconds, the program ends without it
    (not on Windows).
    """
    raised = threading.Event()

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raised.set()
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    previous = {
        number: signal.signal(number, stop)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN  # as of a program in the background
    }
    try:
        with _insisting(raised) if os.name == "posix" else nullcontext():
            yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _insisting(raised: threading.Event) -> Iterator[None]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    threading.Thread(target=_insist, args=(reader, raised), daemon=True).start()
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)


def _insist(reader: int, raised: threading.Event) -> None:
    """Wait for a signal, which is told as a byte, or for the end of it all."""
    with os.fdopen(reader, "rb", buffering=0) as signals:
        while told := signals.read(1):
            if told[0] in (signal.SIGINT, signal.SIGTERM) and not raised.wait(_PATIENCE):
                os._exit(128 + told[0])
