"""A model that is being downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from movinet.cli.bar import Bar

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


class DownloadBar(Bar):
    """Called with the bytes that are here and the bytes in all."""

    def __init__(self, name: str) -> None:
        super().__init__(_columns)
        self._name = name

    def __call__(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` bytes (None: unknown) are here."""
        self.at(self._name, done, total)


def _columns() -> list[ProgressColumn]:
    from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    return [DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()]
