"""The options of events, the same for every verb that finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from movinet.cli.options import Number
from movinet.errors import UsageError
from movinet.models import ModelInfo
from movinet.stream import EventOptions, StreamOptions, detector_of

_F = TypeVar("_F", bound=Callable[..., Any])
_DEFAULT = EventOptions()
_SECONDS = Number(0)
_SCORE = Number(0, 1, max_open=True)

# Option -> field of EventOptions.
_FIELDS = {
    "event_on": "on",
    "event_off": "off",
    "event_min": "minimum",
    "event_join": "join",
    "event_pause": "cool_down",
    "event_margin": "margin",
    "event_memory": "memory",
}


def event_options(command: _F) -> _F:
    """Add `--events` and what belongs to it; `chosen_events` reads them."""
    for option in reversed(
        (
            click.option("--events", is_flag=True, help="Say when an action begins and ends."),
            click.option(
                "--event-on",
                type=Number(0, 1, min_open=True, max_open=True),
                metavar="SCORE",
                help=f"One begins with this score (default: {_DEFAULT.on:g}).",
            ),
            click.option(
                "--event-off",
                type=_SCORE,
                metavar="SCORE",
                help=f"It ends below this one (default: {_DEFAULT.off:g}, or --event-on if lower).",
            ),
            click.option(
                "--event-min",
                type=_SECONDS,
                metavar="SECONDS",
                help=f"It lasts so long with full scores (default: {_DEFAULT.minimum:g}).",
            ),
            click.option(
                "--event-join",
                type=_SECONDS,
                metavar="SECONDS",
                help=f"Gaps as long do not end it (default: {_DEFAULT.join:g}).",
            ),
            click.option(
                "--event-pause",
                type=_SECONDS,
                metavar="SECONDS",
                help="So long after its end it does not begin again (default: 0).",
            ),
            click.option(
                "--event-margin",
                type=_SCORE,
                metavar="SCORE",
                help="It begins so far above all others (default: 0).",
            ),
            click.option(
                "--event-memory",
                type=Number(0, min_open=True),
                metavar="SECONDS",
                help=f"Scores speak of the last seconds (default: {_DEFAULT.memory:g}).",
            ),
            click.option(
                "--background",
                multiple=True,
                metavar="LABEL",
                help="A label that is no event (may be repeated; default: the model's).",
            ),
            click.option(
                "--on-event",
                metavar="COMMAND",
                help="Run this when one begins and when it ends; see the docs.",
            ),
        )
    ):
        command = option(command)
    return command


def chosen_events(given: dict[str, Any], *, wanted: bool) -> EventOptions | None:
    """Takes the options of `event_options` out of `given`; None when nothing asks for events.

    Args:
        given: the command's options; `on_event` is left in it.
        wanted: whether something else needs events.

    Raises:
        UsageError: when they make no sense.
    """
    if given["on_event"] is not None and not given["on_event"].strip():
        raise UsageError("--on-event is empty: name a program")
    asked = given.pop("events")
    changes = {field: given.pop(option) for option, field in _FIELDS.items()}
    changes = {field: value for field, value in changes.items() if value is not None}
    background = given.pop("background")
    if background:
        changes["background"] = tuple(background)
    if not (asked or wanted or changes or given["on_event"]):
        return None
    on, off = changes.get("on", _DEFAULT.on), changes.get("off", 0)
    if off > on:
        raise UsageError(f"--event-off {off:g} is above --event-on {on:g}: choose a lower one")
    return EventOptions(**changes)


def say_delay(info: ModelInfo, options: StreamOptions) -> None:
    """What the times of events rest on, on standard error."""
    delay = float(detector_of(info, options).delay())
    memory = float((options.horizon or 0) / options.fps)
    click.echo(
        f"movinet: note: events rest on the last {memory:g} s; the {delay:g} s by which that is "
        "late are subtracted from their times",
        err=True,
    )
