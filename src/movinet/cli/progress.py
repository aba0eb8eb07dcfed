"""Videos that are being watched: where in which, how fast, how long still."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from movinet.cli.bar import Bar

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


class Progress(Bar):
    """A bar for the video at hand.

    Results may go to the same terminal, so it is taken away while they are written.
    """

    def __init__(self, videos: int, *, hidden: bool) -> None:
        super().__init__(_columns, hidden=hidden)
        self._videos = videos
        self._number = 0
        self._what = ""
        self._began = 0.0

    def begin(self, video: str) -> None:
        """The next video."""
        self._number += 1
        count = f"[{self._number}/{self._videos}] " if self._videos > 1 else ""
        self._what = f"{count}{video}"
        self._began = time.monotonic()

    def reach(self, seconds: float, length: float | None) -> None:
        """So many seconds of the video are done, of so many (None: unknown)."""
        speed = f"{seconds / max(time.monotonic() - self._began, 1e-6):.1f}x real time"
        self.at(self._what, seconds, length, speed=speed)


def _columns() -> list[ProgressColumn]:
    from rich.progress import TextColumn, TimeRemainingColumn

    return [TextColumn("{task.fields[speed]}"), TimeRemainingColumn()]
