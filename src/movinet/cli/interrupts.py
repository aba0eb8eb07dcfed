"""Ctrl-C while modules are imported.

There is nothing to tidy up then, and a KeyboardInterrupt in the midst of an import comes out as
whatever that module makes of it.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn


def leave_at_once() -> None:
    """From now on Ctrl-C ends the program, with status 130; unless it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_again() -> None:
    """From now on it is a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(130)
