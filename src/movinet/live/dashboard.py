"""`Dashboard`: cameras in a terminal, also over SSH."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from movinet.live.health import Health, State
from movinet.live.watch import Answer, Watch
from movinet.stream import Category, Event

_SECONDS_BETWEEN = 0.2  # a picture of the screen; more often costs time and shows nothing
_BAR, _SHORT_BAR = 12, 4
_EVENTS = 8  # lines
_WIDE = 90  # letters of a terminal
_LONGEST_NAME = 24
_COLUMNS = (("fps", 5), ("late", 7), ("dropped", 7), ("CPU", 4))
_STYLES = {State.LIVE: "green", State.LOST: "red", State.ENDED: "dim"}


class Dashboard:
    """A row for each camera, and the last events; drawn a few times a second, from `tick`."""

    def __init__(
        self, names: Sequence[str], *, events: bool, console: Console | None = None
    ) -> None:
        self._names, self._events = list(names), events
        self._best: dict[str, list[Category]] = {}
        self._last: deque[Text] = deque(maxlen=_EVENTS)
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._shown: Group | None = None
        self._above = SimpleQueue[str]()
        self._drawn = 0.0
        self._cpu: dict[str, tuple[float, float, float]] = {}

    def answer(self, answer: Answer, top: list[Category], watching: Watch) -> None:
        """Take in what there is to tell of one camera."""
        name = answer.camera.name
        if answer.prediction is not None:
            self._best[name] = top
        if answer.state in (State.LOST, State.ENDED):
            self._best.pop(name, None)
        for event in answer.events:
            self._last.append(_event_line(name, event))

    @property
    def open(self) -> bool:
        """Whether it is on the screen."""
        return self._live.is_started

    def note(self, text: str) -> None:
        """Show a line among the events."""
        self._last.append(Text(text, style="yellow"))

    def above(self, text: str) -> None:
        """Show a line above all, where it stays; any thread may call this."""
        self._above.put(text)

    def tick(self, watching: Watch, *, now: bool = False) -> None:
        """Draw, when it is time for it or it is wanted `now`."""
        moment = time.monotonic()
        if not now and moment - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = moment
        self._print_above()
        self._shown = self._picture(watching, moment)
        self._live.update(Group(self._shown, Text("Ctrl-C ends it", style="dim")), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # What stays on the screen is no longer to be ended.
        if self._shown is not None:
            self._live.update(self._shown)
        self._live.stop()
        self._print_above()

    def _print_above(self) -> None:
        while not self._above.empty():
            self._console.print(Text.from_ansi(self._above.get()))

    @property
    def _wide(self) -> bool:
        return self._console.width >= _WIDE

    def _picture(self, watching: Watch, now: float) -> Group:
        health, current = watching.health, watching.current()
        table = Table(box=None, padding=(0, 2, 0, 0), expand=False)
        # What can wait goes first when a terminal is narrow.
        columns = _COLUMNS if self._wide else _COLUMNS[:2]
        name_width = min(_LONGEST_NAME, max(map(cell_len, self._names)))
        taken = name_width + sum(width for _, width in columns) + 2 * (len(columns) + 2)
        table.add_column("camera", overflow="ellipsis", no_wrap=True, width=max(6, name_width))
        seen = max(20, self._console.width - taken)
        table.add_column("what is seen", overflow="ellipsis", no_wrap=True, max_width=seen)
        for head, width in columns:
            table.add_column(head, justify="right", no_wrap=True, min_width=width)
        for name in self._names:
            one = health[name]
            latency = one.latency(95)
            cells: list[Text | str] = [
                Text(name),
                self._seen(name, one, current[name]),
                f"{one.rate(now):.1f}" if one.state == State.LIVE else "",
                f"{latency * 1000:.0f} ms" if latency is not None and one.rate(now) else "",
            ]
            if self._wide:
                cells += [f"{one.drops}", self._share(name, one, now)]
            table.add_row(*cells)
        parts: list[Table | Text] = [table]
        if self._events or self._last:
            parts += [Text(""), *self._last]
        return Group(*parts)

    def _seen(self, name: str, health: Health, current: Sequence[Event]) -> Text:
        if health.state != State.LIVE:
            reason = f": {health.reason}" if health.reason else ""
            return Text(f"{health.state}{reason}", style=_STYLES.get(health.state, "yellow"))
        going = {event.index for event in current}
        lines = Text()
        bar = _BAR if self._wide else _SHORT_BAR
        for number, category in enumerate(self._best.get(name, ())):
            filled = round(category.score * bar)
            lines.append("\n" if number else "")
            lines.append("━" * filled, style="cyan")
            lines.append(" " * (bar - filled))
            lines.append(f" {category.score:4.2f} ")
            lines.append(category.label, style="bold" if category.index in going else "")
            if category.index in going:
                lines.append(" ●", style="red")
        return lines

    def _share(self, name: str, health: Health, now: float) -> str:
        """Of one core, since a few seconds ago."""
        used = health.reader_cpu + health.model_cpu
        then, before, shown = self._cpu.get(name, (now, used, 0.0))
        if now - then >= 2:
            shown = (used - before) / (now - then)
            then, before = now, used
        self._cpu[name] = (then, before, shown)
        return f"{shown:.0%}"


def _event_line(name: str, event: Event) -> Text:
    clock = datetime.now().strftime("%H:%M:%S")
    line = Text(f"{clock}  ", style="dim")
    line.append(f"{name}  ", style="bold")
    line.append(event.label)
    if event.end is None:
        line.append("  begins", style="red")
    else:
        line.append(f"  ended after {float(event.end - event.start):.1f} s")
        line.append(f"  {event.peak:.2f}", style="dim")
    return line
