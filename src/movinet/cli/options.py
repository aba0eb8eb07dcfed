"""Options that several verbs share, so that they are named and meant alike everywhere."""

from __future__ import annotations

from math import isfinite

import click

from movinet.models.starter import NAME, NOTICE
from movinet.runtime import BACKENDS, MOST_THREADS


class Number(click.FloatRange):
    """A number in a range, which "nan" and "inf" are not."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not isfinite(number):
            self.fail(f"{value!r} is no number to work with", param, ctx)
        return number


class _Horizon(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.2
    """A number of frames, "none" for an endless memory, or "model" for what the file says."""

    name = "frames"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """What `movinet.load` takes as `horizon`."""
        if value is None or value == "none":
            return None
        if value == "model" or isinstance(value, int):
            return value
        try:
            return int(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a number of frames nor 'none'", param, ctx)


horizon_option = click.option(
    "--horizon",
    type=_Horizon(),
    default="model",
    show_default=True,
    metavar="FRAMES|none|model",
    help="Frames to average over.",
)
model_option = click.option(
    "--model",
    metavar="FILE|NAME",
    help="A .tflite or .onnx file, or a name from 'movinet models list' (default: starter).",
)
labels_option = click.option(
    "--labels", metavar="FILE", help="One label a line, for a model that carries none."
)
threads_option = click.option(
    "--threads",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_THREADS),
    help="Threads for one step.",
)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
backend_option = click.option(
    "--backend",
    type=click.Choice(list(BACKENDS)),
    help="The engine that runs the model (default: by the kind of file).",
)


def model_or_starter(model: str | None) -> str:
    """The model that was named; if none was, the starter, and a line that says what it is."""
    if model is None:
        click.echo(f"movinet: note: {NOTICE}", err=True)
    return NAME if model is None else model
