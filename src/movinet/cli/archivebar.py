"""How far many videos are, over all workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from movinet.cli.bar import Bar

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from movinet.scale.tally import Tally


class ArchiveBar(Bar):
    """Called with the tally as things go on."""

    def __init__(self, *, hidden: bool = False) -> None:
        super().__init__(_columns, hidden=hidden)

    def __call__(self, tally: Tally) -> None:
        """Show it."""
        failed = f", {tally.failed} failed" if tally.failed else ""
        what = f"{tally.done} of {tally.videos} videos{failed}"
        speed = f"{tally.speed:.1f}x real time"
        self.at(what, tally.part, tally.videos, speed=speed)


def _columns() -> list[ProgressColumn]:
    from rich.progress import TextColumn, TimeRemainingColumn

    return [TextColumn("{task.fields[speed]}"), TimeRemainingColumn()]
