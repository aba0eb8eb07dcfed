"""Results for people: a table with bars in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from movinet.outputs.moments import clock_text
from movinet.outputs.sink import Sink
from movinet.outputs.textfile import TextOutput, printable
from movinet.stream import Category, Prediction, Summary

if TYPE_CHECKING:
    from rich.console import Console

_BAR = 24
# Pieces of a line: text and how rich is to show it.
_Line = list[tuple[str, str]]


class Table(Sink):
    """A block a video: its name, then the best classes with bars. Errors are left to stderr.

    Colours appear on a terminal only, so that rich is imported for a terminal only.
    """

    def __init__(self) -> None:
        self._output = TextOutput(None)
        self._console: Console | None = None
        if sys.stdout.isatty():
            from rich.console import Console

            self._console = Console(highlight=False)

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """A line: the time and the classes."""
        classes = "   ".join(f"{c.label} {c.score:.3f}" for c in top)
        self._print([(f"{float(prediction.time):9.2f} s  ", "dim"), (classes, "")])

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """A block: the best classes, and the events."""
        length = "" if summary.duration is None else f"{float(summary.duration):.1f} s, "
        frames = "1 frame" if summary.frames == 1 else f"{summary.frames} frames"
        self._print([(video, "bold"), (f"  {length}{frames}", "dim")])
        width = max((_cells(category.label) for category in top), default=0)
        for category in top:
            # Halves of a cell tell close scores apart.
            halves = round(category.score * 2 * _BAR)
            bar = "━" * (halves // 2) + "╸" * (halves % 2)
            self._print(
                [
                    (f"  {category.label}{' ' * (width - _cells(category.label))}  ", ""),
                    (f"{bar:<{_BAR}}", "cyan"),
                    (f" {category.score:.3f}", ""),
                ]
            )
        if not top:
            self._print([("  nothing above the threshold", "dim")])
        for event in sorted(summary.events, key=lambda event: event.start):
            span = f"  {clock_text(event.start)} - {clock_text(event.end or event.start)}  "
            self._print([(span, "dim"), (event.label, "bold"), (f"  {event.peak:.3f}", "")])

    def _print(self, line: _Line) -> None:
        if self._console is None:
            self._output.write("".join(text for text, _ in line) + "\n")
            return
        from rich.text import Text

        # soft_wrap: long names are never cut.
        pieces = [(printable(text, sys.stdout), style) for text, style in line]
        self._console.print(Text.assemble(*pieces), soft_wrap=True)


def _cells(text: str) -> int:
    """How wide a terminal shows `text`: Korean letters and emoji take two cells."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        2 if east_asian_width(letter) in "WF" else 1 for letter in text if not combining(letter)
    )
