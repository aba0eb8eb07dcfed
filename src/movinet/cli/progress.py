"""Progress on a terminal: where in which video, how fast, how long still."""

from __future__ import annotations

import time
from fractions import Fraction
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

_SECONDS_BETWEEN = 0.1


class Progress:
    """A bar on stderr for the video at hand."""

    def __init__(self, videos: int) -> None:
        self._console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            # Redrawn as the video goes on; a drawing thread would take time from the model.
            auto_refresh=False,
        )
        self._videos = videos
        self._number = 0
        self._task = self._bars.add_task("", total=None, speed="")
        self._began = self._drawn = 0.0

    def begin(self, video: str, seconds: Fraction | None) -> None:
        """The next video, of so many seconds (None: unknown)."""
        self._number += 1
        count = f"[{self._number}/{self._videos}] " if self._videos > 1 else ""
        self._bars.reset(
            self._task,
            description=f"{count}{video}".replace("[", r"\["),
            total=None if seconds is None else float(seconds),
            speed="",
        )
        self._began = time.monotonic()

    def at(self, moment: Fraction) -> None:
        """So many seconds of the video are done."""
        now = time.monotonic()
        if now - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = now
        speed = float(moment) / max(now - self._began, 1e-6)
        self._bars.update(self._task, completed=float(moment), speed=f"{speed:.1f}x real time")
        self._bars.refresh()

    def say(self, text: str) -> None:
        """A line above the bar that stays."""
        self._console.print(text, soft_wrap=True)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
