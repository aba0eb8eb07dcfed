"""The options of many videos."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from movinet.errors import UsageError

if TYPE_CHECKING:
    from movinet.cli.archive import Archive
    from movinet.cli.looks import Looks

_F = TypeVar("_F", bound=Callable[..., Any])


def archive_options(command: _F) -> _F:
    """Add `--jobs` and what belongs to it; `chosen_archive` reads them."""
    for option in reversed(
        (
            click.option(
                "--jobs",
                type=click.IntRange(1),
                metavar="N",
                help="Many videos: so many processes (default of --engine: a core each).",
            ),
            click.option(
                "--engine",
                type=click.Choice(["processes", "ray"]),
                help="Many videos: on this machine (default), or on a Ray cluster.",
            ),
            click.option(
                "--address",
                metavar="auto|HOST:PORT",
                help="Of the Ray cluster (default: one on this machine, for this run).",
            ),
        )
    ):
        command = option(command)
    return command


def chosen_archive(
    given: dict[str, Any], looks: Looks, *, out: str | None, as_json: bool, embeddings: str | None
) -> Archive | None:
    """Takes the options of `archive_options` out of `given`; None when none was given.

    Args:
        given: the command's options; those of events are left in it.
        looks: what else is to be written of each video.
        out, as_json, embeddings: where results go.

    Raises:
        UsageError: when they make no sense.
    """
    jobs, engine, address = (given.pop(name) for name in ("jobs", "engine", "address"))
    if (jobs, engine, address) == (None, None, None):
        return None
    if address is not None and engine != "ray":
        raise UsageError("--address is that of a Ray cluster: add --engine ray")
    for name, wanted in (
        ("--plot", looks.plot),
        ("--annotate", looks.annotate),
        ("--on-event", given["on_event"]),
    ):
        if wanted:
            raise UsageError(
                f"{name} does not go with many processes: leave --jobs and --engine out"
            )
    if engine == "ray" and looks.subtitles is not None:
        raise UsageError("--subtitles go beside videos on this machine: leave --engine ray out")
    from movinet.cli.archive import Archive

    return Archive(engine or "processes", jobs, address, out, as_json, embeddings)
