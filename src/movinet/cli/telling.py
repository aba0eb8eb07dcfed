"""What people are told beside the results: on standard error, a line each."""

from __future__ import annotations

import click


def say(text: str) -> None:
    """As it stands."""
    click.echo(text, err=True)


def note(text: str) -> None:
    """Something worth knowing."""
    say(f"movinet: note: {text}")


def warn(text: str) -> None:
    """Something that is not as it should be."""
    say(f"movinet: warning: {text}")
