"""`Bar`: how far a piece of work is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_SECONDS_BETWEEN = 0.1


class Bar:
    """A line on stderr, on a terminal only, that is gone when the work is done.

    Nothing is imported before it is needed, and no thread draws: it would take time from a model.
    """

    def __init__(
        self, columns: Callable[[], Sequence[ProgressColumn]], *, hidden: bool = False
    ) -> None:
        """`columns` gives what is shown beside the description and the bar, if not `hidden`."""
        self._columns = columns
        self._bar: Progress | None = None
        self._seen = not hidden and sys.stderr.isatty()
        self._drawn = 0.0

    def at(self, what: str, done: float, total: float | None, *, speed: str = "") -> None:
        """Show that `done` of `total` (None: nobody knows) of `what` is done.

        `speed` is for a column of its own.
        """
        now = time.monotonic()
        if not self._seen or (now - self._drawn < _SECONDS_BETWEEN and done != total):
            return
        self._drawn = now
        if self._bar is None:
            self._bar = self._start()
        for task in self._bar.task_ids:
            self._bar.update(task, description=what, completed=done, total=total, speed=speed)
        self._bar.refresh()

    def hide(self) -> None:
        """Take it away until the next call."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def _start(self) -> Progress:
        from rich import progress
        from rich.console import Console

        bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            *self._columns(),
            console=Console(stderr=True, highlight=False, emoji=False, markup=False),
            transient=True,
            auto_refresh=False,
        )
        bar.add_task("", total=None, speed="")
        bar.start()
        return bar
