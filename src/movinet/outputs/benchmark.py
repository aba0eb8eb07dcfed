"""What `movinet benchmark` found: tables for people, one JSON object a configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from movinet.evaluation import Configuration, NotRun, Result
from movinet.outputs.textfile import TextOutput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Row = Result | NotRun
_WIDTH = 100  # characters, where no terminal says how many


def names(rows: Sequence[Row]) -> list[str]:
    """The models' names, one a row; where two files have the same one, what the caller gave."""
    files: dict[str, set[str]] = {}
    for row in rows:
        entrant = row.configuration.entrant
        files.setdefault(entrant.name, set()).add(str(entrant.path))
    entrants = [row.configuration.entrant for row in rows]
    return [e.name if len(files[e.name]) == 1 else e.given for e in entrants]


def full_names(rows: Sequence[Row]) -> list[str]:
    """Names with backend and threads, where the rows differ in these."""
    chosen = [row.configuration for row in rows]
    backends = len({c.backend for c in chosen}) > 1
    threads = len({c.threads for c in chosen}) > 1
    return [
        name
        + (f", {c.backend}" if backends else "")
        + (f", {_threads(c.threads)}" if threads else "")
        for name, c in zip(names(rows), chosen, strict=True)
    ]


def record(row: Row) -> dict[str, Any]:
    """One configuration as plain JSON values."""
    configuration = row.configuration
    found: dict[str, Any] = {
        "model": configuration.entrant.name,
        "file": configuration.entrant.given,
        "backend": configuration.backend,
        "threads": configuration.threads,
    }
    if isinstance(row, NotRun):
        return {**found, "error": row.reason}
    timing, parts = row.timing, row.timing.parts
    return {
        **found,
        "pinned": row.pinned,
        "file_bytes": row.file_bytes,
        "state_bytes": row.info.state_bytes,
        "memory_bytes": row.cost.memory,
        "cold_load_ms": _ms(row.cost.cold_load),
        "load_ms": _ms(row.cost.load),
        "first_step_ms": _ms(row.cost.first),
        "p50_ms": _ms(timing.p50),
        "p90_ms": _ms(timing.p90),
        "ratio": round(timing.ratio, 4),
        "image_ms": None if parts is None else _ms(parts.image),
        "invoke_ms": None if parts is None else _ms(parts.invoke),
        "state_ms": None if parts is None else _ms(parts.state),
        "footage": row.footage,
        "decode_ms": _ms(row.frame.decode),
        "resize_ms": _ms(row.frame.resize),
        "fps": float(row.info.fps),
        "streams_per_core": round(row.streams_per_core, 2),
        "top1": None if row.accuracy is None else round(row.accuracy.top1, 6),
        "videos": None if row.accuracy is None else row.accuracy.videos,
    }


def print_json(rows: Sequence[Row]) -> None:
    """One object a line on standard output."""
    output = TextOutput(None)
    for row in rows:
        output.write(json.dumps(record(row)) + "\n")


def print_tables(rows: Sequence[Row], machine: str) -> None:
    """Two tables on standard output, and what could not run."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDTH
    ran = [row for row in rows if isinstance(row, Result)]
    numbers = {id(row): str(number) for number, row in enumerate(rows, 1)}
    titles = dict(zip(map(id, rows), names(rows), strict=True))
    if ran:
        console.print(machine)
        console.print()
        console.print(_steps(ran, numbers, titles))
        console.print()
        console.print(_costs(ran, numbers))
        pinned = "held to as many cores" if ran[0].pinned else "not held to cores on this system"
        console.print()
        console.print(f"frames: {ran[0].footage}; threads: {pinned}", soft_wrap=True)
    for row in rows:
        if isinstance(row, NotRun):
            _print_reason(console, numbers[id(row)], titles[id(row)], row)


def _print_reason(console: Console, number: str, title: str, row: NotRun) -> None:
    where = f"{row.configuration.backend}, {_threads(row.configuration.threads)}"
    console.print(f"{number}  {title}, {where}: not run: {row.reason}", soft_wrap=True)


def _steps(ran: Sequence[Result], numbers: dict[int, str], titles: dict[int, str]) -> Table:
    table = _table("", "model", "backend")
    for head in ("threads", "file MB", "p50 ms", "p90 ms", "of first", "streams a core"):
        _number(table, head)
    rated = any(row.accuracy is not None for row in ran)
    if rated:
        _number(table, "top-1 %")
    for row in ran:
        configuration: Configuration = row.configuration
        table.add_row(
            numbers[id(row)],
            titles[id(row)],
            configuration.backend,
            str(configuration.threads),
            f"{row.file_bytes / 1e6:.2f}",
            _shown(row.timing.p50),
            _shown(row.timing.p90),
            f"{row.timing.ratio:.2f}",
            f"{row.streams_per_core:.0f}" if row.streams_per_core >= 10 else _tenth(row),
            *([f"{100 * row.accuracy.top1:.1f}" if row.accuracy else "-"] if rated else []),
        )
    return table


def _costs(ran: Sequence[Result], numbers: dict[int, str]) -> Table:
    table = _table("")
    parts = ("decode ms", "resize ms", "image ms", "invoke ms", "state ms")
    for head in (*parts, "load ms", "first step ms", "memory MB", "state kB"):
        _number(table, head)
    for row in ran:
        step = row.timing.parts
        memory = row.cost.memory
        table.add_row(
            numbers[id(row)],
            _shown(row.frame.decode),
            _shown(row.frame.resize),
            *(["-"] * 3 if step is None else map(_shown, (step.image, step.invoke, step.state))),
            _shown(row.cost.load),
            _shown(row.cost.first),
            "-" if memory is None else f"{memory / 1e6:.1f}",
            f"{row.info.state_bytes / 1e3:.1f}",
        )
    return table


def _table(*heads: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _number(table: Table, head: str) -> None:
    # The unit goes on a line of its own, so that the columns stay narrow.
    table.add_column(head.replace(" ", "\n"), justify="right", no_wrap=True)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _tenth(row: Result) -> str:
    return f"{row.streams_per_core:.1f}"


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 4)


def _shown(seconds: float) -> str:
    """Milliseconds with three digits or so."""
    value = seconds * 1e3
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
