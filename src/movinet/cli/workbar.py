"""Work of which a part is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from movinet.cli.bar import Bar

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


class WorkBar(Bar):
    """Called with what is being done and how much of it is, 0 to 1."""

    def __init__(self) -> None:
        super().__init__(_columns)

    def __call__(self, what: str, done: float) -> None:
        """Show that `done` (0 to 1) of `what` is done."""
        self.at(what, done, 1.0)


def _columns() -> list[ProgressColumn]:
    from rich.progress import TimeElapsedColumn

    return [TimeElapsedColumn()]
