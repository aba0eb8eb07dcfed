"""Workers for `--jobs` that start before anything else is imported: importing is most of a start.

The command line is looked at only roughly. Where it turns out to be wrong, or to need no workers,
they are ended, and nobody has seen them.
"""

from __future__ import annotations

from collections.abc import Sequence

from movinet.processes import Process, cores

_waiting: list[Process] = []


def begin(arguments: Sequence[str]) -> None:
    """Start the workers that a command line seems to ask for."""
    if arguments[:1] != ["classify"] or {"-h", "--help", "ray", "--engine=ray"} & set(arguments):
        return
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    found = [
        following if name == "--jobs" else name.removeprefix("--jobs=")
        for name, following in pairs
        if name == "--jobs" or name.startswith("--jobs=")
    ]
    jobs = int(found[-1]) if found and found[-1].isdecimal() else 0
    for _ in range(min(jobs, cores())):
        _waiting.append(Process("movinet.scale.child"))


def take() -> list[Process]:
    """Those that were started; they are the caller's from now on."""
    taken = _waiting.copy()
    _waiting.clear()
    return taken


def end() -> None:
    """End those that nobody has taken."""
    for process in take():
        process.kill()
