"""`movinet train`: your own actions, from labelled clips."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from movinet.cli.knownsources import find_source
from movinet.cli.options import Number, as_json_option
from movinet.cli.program import DONE
from movinet.errors import MissingExtraError, UsageError
from movinet.evaluation import Evaluation, evaluate
from movinet.outputs.textfile import TextOutput
from movinet.outputs.trainingreport import Training, page
from movinet.stream import load

if TYPE_CHECKING:
    from movinet.network import MoViNet
    from movinet.training import Trained
    from movinet.training.recipes import Recipe

REPORT = "report.html"
_SECONDS_BETWEEN = 0.2
_MOST_NOTES = 5  # lines about one kind of finding


@click.command()
@click.argument("data")
@click.option(
    "--from",
    "start",
    required=True,
    metavar="SOURCE",
    help="A name of 'movinet models list', a file of weights, a .tflite, or 'scratch'.",
)
@click.option(
    "--recipe",
    metavar="linear|finetune|scratch|FILE.json",
    help="linear: seconds; finetune: minutes (default); scratch: hours.",
)
@click.option("--out", required=True, metavar="FOLDER", help="Where everything is written.")
@click.option("--variant", default="a0", show_default=True, help="Of a network from scratch.")
@click.option(
    "--form",
    type=click.Choice(["stream", "lite"]),
    default="lite",
    show_default=True,
    help="Of a network from scratch.",
)
@click.option("--size", type=click.IntRange(32), help="Of the pictures (default: the network's).")
@click.option(
    "--fps",
    type=Number(0, min_open=True),
    help="Frames per second (default: the network's; finetune: twice that for short clips).",
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the clips.")
@click.option("--rate", type=Number(), help="The highest learning rate.")
@click.option("--batch", type=click.IntRange(1), help="Clips in a step.")
@click.option("--frames", type=click.IntRange(1), help="Frames of a training clip.")
@click.option(
    "--validation",
    type=Number(0, 1, max_open=True),
    default=0.15,
    show_default=True,
    help="The part of the clips to judge by, where the data does not say.",
)
@click.option(
    "--never-flip",
    multiple=True,
    metavar="LABEL",
    help="An action that is another one in a mirror; may be given more than once.",
)
@click.option(
    "--background", metavar="LABEL", help='The action that means "none of them": never an event.'
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "float16", "dynamic", "int8"]),
    default="int8",
    show_default=True,
    help="Of the model file.",
)
@click.option(
    "--quantise",
    is_flag=True,
    help="Go on with the roundings of an int8 file in the last third of the epochs.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all chance.")
@click.option("--cache", metavar="FOLDER", help="Where decoded clips are kept.")
@as_json_option
def train(
    data: str,
    start: str,
    recipe: str | None,
    out: str,
    variant: str,
    form: str,
    size: int | None,
    fps: float | None,
    epochs: int | None,
    rate: float | None,
    batch: int | None,
    frames: int | None,
    validation: float,
    never_flip: tuple[str, ...],
    background: str | None,
    precision: str,
    quantise: bool,
    seed: int,
    cache: str | None,
    as_json: bool,
) -> int:
    """Teach a network the actions in DATA.

    DATA is a folder with a folder of videos for each action, or a list of clips (CSV or JSON
    Lines). A run that was stopped goes on when the same command is given again.
    """
    if rate is not None and not rate > 0:
        raise UsageError(f"--rate must be above 0, not {rate:g}")
    try:
        import dataclasses

        from movinet.training import Settings, fresh
        from movinet.training import train as run
        from movinet.training.recipes import QUANTISED, find_recipe
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "safetensors", "onnx"}:
            raise
        raise MissingExtraError("training", "train") from error

    chosen = find_recipe(recipe or ("scratch" if start == "scratch" else "finetune"))
    if start == "scratch" and chosen.name != "scratch":
        raise UsageError(
            f"the recipe {chosen.name} builds on a trained network: give one with --from"
        )
    if chosen.epochs == 0 and (epochs is not None or quantise):
        raise UsageError("the recipe linear has no epochs")
    if quantise and precision != "int8":
        raise UsageError(f"--quantise is for an int8 file, not for one of {precision}")
    given: dict[str, Any] = {
        "epochs": epochs,
        "rate": rate,
        "batch": batch,
        "quantised": (chosen.quantised or QUANTISED) if quantise else None,
    }
    augmentation = dataclasses.replace(chosen.augmentation, never_flipped=frozenset(never_flip))
    chosen = dataclasses.replace(
        chosen,
        augmentation=augmentation,
        **{name: value for name, value in given.items() if value is not None},
    )
    net = fresh(variant, form, seed) if start == "scratch" else _known(start)
    shown = _Shown(quiet=as_json)
    begun = f"{variant} {form} from scratch" if start == "scratch" else start
    trained = run(
        net,
        Settings(
            data=data,
            start=begun,
            recipe=chosen,
            frames=frames,
            validation=validation,
            seed=seed,
            precision=precision,
            size=size,
            fps=fps,
            background=background,
        ),
        out,
        cache=cache,
        watcher=shown,
    )
    report = trained.folder / REPORT
    shown.close()
    _note(trained, report)
    found = _judge(trained, shown)
    shown.close()
    _write_report(report, trained, chosen, begun, found)
    if as_json:
        click.echo(json.dumps(_record(trained, found, report), ensure_ascii=False))
    else:
        _print(trained, found, report)
    return DONE


def _known(start: str) -> MoViNet:
    from movinet.weights import Said, read

    known = find_source(start, None, published_labels=False)
    return read(known.path, Said(form=known.form), origin=known.origin, licence=known.licence).net


class _Shown:
    """How a run goes on: one line that is written over on a terminal, and a line an epoch."""

    def __init__(self, *, quiet: bool) -> None:
        self._terminal = sys.stderr.isatty()
        self._quiet = quiet
        self._text = ""
        self._began = self._drawn = time.monotonic()

    def stage(self, text: str) -> None:
        """Something else is being done now."""
        self._text, self._began = text, time.monotonic()
        self._draw(text)

    def at(self, done: int, total: int) -> None:
        """So much of it is done."""
        now = time.monotonic()
        if now - self._drawn < _SECONDS_BETWEEN and done < total:
            return
        self._drawn = now
        left = (now - self._began) / max(done, 1) * (total - done)
        self._draw(f"{self._text}: {done} of {total}, {left:.0f} s left")

    def epoch(self, epoch: Any, of: int) -> None:  # noqa: ANN401 (an Epoch, whose module needs PyTorch)
        """An epoch is done."""
        if self._quiet:
            return
        self.close()
        accuracy = "" if epoch.accuracy is None else f", {epoch.accuracy:.1%} right"
        click.echo(f"epoch {epoch.number} of {of}: loss {epoch.loss:.3f}{accuracy}", err=True)

    def close(self) -> None:
        """Take the line away."""
        if self._terminal:
            click.echo("\r\033[K", nl=False, err=True)

    def _draw(self, text: str) -> None:
        if self._terminal:
            click.echo(f"\r\033[K{text}", nl=False, err=True)


def _findings(trained: Trained) -> dict[str, tuple[str, ...]]:
    """What is worth a look, by kind."""
    found = trained.findings
    return {
        "Clips and labels": found.warnings,
        "Could not be read, and left out": found.unreadable,
        "Short clips": found.short,
    }


def _note(trained: Trained, report: Path) -> None:
    for lines in _findings(trained).values():
        for line in lines[:_MOST_NOTES]:
            click.echo(f"movinet: note: {line}", err=True)
        if len(lines) > _MOST_NOTES:
            more = f"and {len(lines) - _MOST_NOTES} more: see {report}"
            click.echo(f"movinet: note: {more}", err=True)


def _judge(trained: Trained, shown: _Shown) -> Evaluation | None:
    """The finished file on the validation clips, as streams."""
    clips = trained.validation
    if not clips:
        return None
    shown.stage("judging the model file")
    return evaluate(
        load(trained.exported.path),
        clips,
        backend="litert",
        progress=lambda done: shown.at(round(done * len(clips)), len(clips)),
    )


def _write_report(
    path: Path, trained: Trained, recipe: Recipe, start: str, found: Evaluation | None
) -> None:
    epochs = trained.epochs
    stages = [recipe.stage(epoch.number - 1) for epoch in epochs]
    output = TextOutput(path)
    output.write(
        page(
            Training(
                name=trained.folder.resolve().name,
                about=f"{len(trained.labels)} labels, {trained.clips} clips to learn from, of "
                f"{trained.frames} frames, {float(trained.fps):g} a second; recipe {recipe.name}, "
                f"begun with {start}.",
                losses=[epoch.loss for epoch in epochs],
                accuracies=[epoch.accuracy for epoch in epochs if epoch.accuracy is not None],
                kept=max((epoch.number for epoch in epochs if epoch.kept), default=None),
                stages=[
                    epoch.number
                    for epoch, stage, before in zip(epochs[1:], stages[1:], stages, strict=False)
                    if stage != before
                ],
                evaluation=found,
                findings=_findings(trained),
            )
        )
    )
    output.close()


def _print(trained: Trained, found: Evaluation | None, report: Path) -> None:
    right = "not judged: no clips for it"
    if trained.accuracy is not None:
        right = f"{trained.accuracy:.1%} right on clips that were not trained on"
    if found is not None:
        right += f", {found.top1:.1%} as the file"
    rows = {
        "classes": f"{len(trained.labels)}: {', '.join(trained.labels[:5])}"
        + (" ..." if len(trained.labels) > 5 else ""),
        "clips": f"{trained.clips}, of {trained.frames} frames, {float(trained.fps):g} a second",
        **({"epochs": str(len(trained.epochs))} if trained.epochs else {}),
        "accuracy": right,
        "written": f"{trained.exported.path} ({trained.exported.size:,} bytes)",
        "report": str(report),
    }
    for key, value in rows.items():
        click.echo(f"{key:<12}{value}")
    click.echo(f"\nmovinet classify VIDEO --model {trained.exported.path}")


def _record(trained: Trained, found: Evaluation | None, report: Path) -> dict[str, Any]:
    return {
        "out": str(trained.folder),
        "model": str(trained.exported.path),
        "labels": list(trained.labels),
        "clips": trained.clips,
        "frames": trained.frames,
        "fps": float(trained.fps),
        "epochs": [asdict(epoch) for epoch in trained.epochs],
        "accuracy": trained.accuracy,
        "model_accuracy": None if found is None else found.top1,
        "report": str(report),
        "findings": [line for lines in _findings(trained).values() for line in lines],
    }
