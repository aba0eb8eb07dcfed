"""A bar on stderr while a model is downloaded."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress


class DownloadBar:
    """Called with the bytes that are here and the bytes in all; shown on a terminal only.

    Nothing is imported or drawn before the first call, so that it costs nothing where the model
    is in the cache already.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` bytes (None: unknown) are here."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = self._start()
        for task in self._bar.task_ids:
            self._bar.update(task, completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _start(self) -> Progress:
        from rich import progress
        from rich.console import Console

        bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        bar.add_task(self._name, total=None)
        bar.start()
        return bar
