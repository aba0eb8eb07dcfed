"""`main`: what is installed as `movinet`."""

from __future__ import annotations

from typing import NoReturn

from movinet.cli import interrupts


def main() -> NoReturn:
    """Run the program; see `movinet.cli.program.main`."""
    interrupts.leave_at_once()
    from movinet.cli import program

    program.main()
