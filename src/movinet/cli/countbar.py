"""Things of which so many are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from movinet.cli.bar import Bar

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


class CountBar(Bar):
    """Called with how many things are done, and of how many."""

    def __init__(self, work: str, things: str) -> None:
        super().__init__(lambda: _columns(things))
        self._work = work

    def __call__(self, done: int, total: int | None) -> None:
        """So many are done, of so many (None: nobody knows)."""
        self.at(self._work, done, total)


def _columns(things: str) -> list[ProgressColumn]:
    from rich.progress import MofNCompleteColumn, TextColumn, TimeRemainingColumn

    return [MofNCompleteColumn(), TextColumn(things, markup=False), TimeRemainingColumn()]
