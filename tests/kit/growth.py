"""What a long run takes of the system, from time to time."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass
class Growth:
    """Measured at sixty times that are spread over a run of so many seconds.

    Attributes:
        memory: bytes that the process has in memory.
        handles, threads: likewise, open files and threads.
    """

    seconds: float
    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Measure, if it is time for it."""
        now = time.monotonic()
        if now - self._last > self.seconds / 60:
            self._last = now
            self.memory.append(_memory())
            self.handles.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
            self.threads.append(threading.active_count())

    def of(self, part: str) -> float:
        """The mean of the last quarter over that of the second: before, things are still loaded."""
        values = getattr(self, part)
        quarter = max(1, len(values) // 4)
        return float(np.mean(values[-quarter:]) / np.mean(values[quarter : 2 * quarter]))


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
