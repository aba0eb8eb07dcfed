"""Holding a thread, and those that it starts, to a few processor cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pinned(cores: int) -> Iterator[bool]:
    """Keep the calling thread on so many cores; gives whether the system can do that.

    Threads and processes started meanwhile stay there too. The last of the allowed cores are taken:
    the first often serves the system's interrupts, and where cores differ, the last are the fast
    ones.
    """
    before = _hold(cores)
    try:
        yield before is not None
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)


def _hold(cores: int) -> set[int] | None:
    """Pin, and give what was allowed before; None where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):  # macOS, Windows
        return None
    try:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(before)[-cores:])
    except OSError:
        return None
    return before
