"""Options that several verbs share, so that they are named and meant alike everywhere."""

from __future__ import annotations

from typing import Final

import click

from movinet.runtime import BACKENDS, DEFAULT_BACKEND


class _Horizon(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.2
    """A number of frames, or "none" for an endless memory."""

    name = "frames"
    not_given: Final = object()

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> object:
        """`None` for "none", else the number."""
        if value is self.not_given or value is None or value == "none":
            return None if value == "none" else value
        try:
            return int(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a number of frames nor 'none'", param, ctx)


HORIZON = _Horizon()

model_option = click.option(
    "--model", metavar="FILE|NAME", help="A .tflite file, or a name from 'movinet models list'."
)
labels_option = click.option(
    "--labels", metavar="FILE", help="One label a line, for a model that carries none."
)
threads_option = click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads for one step."
)
backend_option = click.option(
    "--backend",
    default=DEFAULT_BACKEND,
    show_default=True,
    type=click.Choice(list(BACKENDS)),
    help="The engine that runs the model.",
)
