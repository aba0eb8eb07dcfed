"""What people are told beside the results: on standard error, a line each."""

from __future__ import annotations

import re

import click

# What would move the cursor, change colours or begin a line: a file's name may hold any of it.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def say(text: str) -> None:
    """As it stands, but with escapes for letters that a terminal would obey."""
    click.echo(_CONTROL.sub(lambda found: ascii(found[0])[1:-1], text), err=True)


def note(text: str) -> None:
    """Something worth knowing."""
    say(f"movinet: note: {text}")


def warn(text: str) -> None:
    """Something that is not as it should be."""
    say(f"movinet: warning: {text}")
