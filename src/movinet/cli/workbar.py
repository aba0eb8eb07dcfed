"""How far a long piece of work is, on a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS_BETWEEN = 0.1


class WorkBar:
    """What is being done, on stderr; drawn between pieces of the work only, and on a terminal only.

    Nothing is imported before it is needed, and no thread draws: it would take time from a model.
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._seen = sys.stderr.isatty()
        self._drawn = 0.0

    def __call__(self, what: str, done: float) -> None:
        """Show that `done` (0 to 1) of `what` is done."""
        now = time.monotonic()
        if not self._seen or now - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = now
        if self._bar is None:
            self._bar = self._start()
        for task in self._bar.task_ids:
            self._bar.update(task, description=what, completed=done)
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
            progress.TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        )
        bar.add_task("", total=1.0)
        bar.start()
        return bar
