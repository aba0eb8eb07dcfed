"""Results for people: a table with bars in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from movinet.outputs.sink import Sink
from movinet.stream import Category, Prediction, Summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_BAR = 24


class Table(Sink):
    """A block a video: its name, then the best classes with bars. Errors are left to stderr."""

    def __init__(self) -> None:
        # Only here, so that JSON output does not pay for the import.
        from rich.console import Console

        self._console: Console = Console(highlight=False, emoji=False, markup=False)

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """A line: the time and the classes."""
        from rich.text import Text

        line = Text(f"{float(prediction.time):9.2f} s  ", "dim")
        line.append("   ".join(f"{c.label} {c.score:.3f}" for c in top), "default")
        self._print(line)

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """A block."""
        from rich.text import Text

        length = "" if summary.duration is None else f"{float(summary.duration):.1f} s, "
        head = Text(video, "bold")
        frames = "1 frame" if summary.frames == 1 else f"{summary.frames} frames"
        head.append(f"  {length}{frames}", "not bold dim")
        self._print(head)
        width = max((len(category.label) for category in top), default=0)
        for category in top:
            line = Text(f"  {category.label:<{width}}  ")
            # Halves of a cell tell close scores apart.
            halves = round(category.score * 2 * _BAR)
            bar = "━" * (halves // 2) + "╸" * (halves % 2)
            line.append(f"{bar:<{_BAR}}", "cyan")
            line.append(f" {category.score:.3f}")
            self._print(line)
        if not top:
            self._print(Text("  nothing above the threshold", "dim"))

    def _print(self, line: Text) -> None:
        # soft_wrap: long names are never cut, also when the output is no terminal.
        self._console.print(line, soft_wrap=True)
