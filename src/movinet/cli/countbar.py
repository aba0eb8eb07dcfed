"""Progress of counted work, on a terminal: how many are done, how long still."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN = 0.1


class CountBar:
    """A bar on stderr, when that is a terminal, that is gone when the work is done."""

    def __init__(self, work: str, things: str) -> None:
        console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(things, markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(work, total=None)
        self._drawn = 0.0

    def at(self, done: int, total: int | None) -> None:
        """So many are done, of so many (None: nobody knows)."""
        now = time.monotonic()
        if now - self._drawn >= _SECONDS_BETWEEN or done == total:
            self._drawn = now
            self._progress.update(self._task, completed=done, total=total, refresh=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
