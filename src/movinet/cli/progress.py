"""Progress on a terminal: where in which video, how fast, how long still."""

from __future__ import annotations

import time
from fractions import Fraction

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

_SECONDS_BETWEEN = 0.1


class Progress:
    """A bar on stderr for the video at hand, gone when the video is done.

    Results may go to the same terminal, so nothing is drawn while they are written.
    """

    def __init__(self, videos: int) -> None:
        self._console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._videos = videos
        self._number = 0
        self._bars: Bars | None = None
        self._began = self._drawn = 0.0

    def begin(self, video: str, seconds: Fraction | None) -> None:
        """The next video, of so many seconds (None: unknown)."""
        self._number += 1
        count = f"[{self._number}/{self._videos}] " if self._videos > 1 else ""
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            # Redrawn as the video goes on; a drawing thread would take time from the model.
            auto_refresh=False,
        )
        self._bars.add_task(
            f"{count}{video}", total=None if seconds is None else float(seconds), speed=""
        )
        self._bars.start()
        self._began = time.monotonic()

    def at(self, moment: Fraction) -> None:
        """So many seconds of the video are done."""
        now = time.monotonic()
        if self._bars is None or now - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = now
        done = float(moment)
        speed = f"{done / max(now - self._began, 1e-6):.1f}x real time"
        for task in self._bars.task_ids:
            self._bars.update(task, completed=done, speed=speed)
        self._bars.refresh()

    def end(self) -> None:
        """The video is over: take the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
