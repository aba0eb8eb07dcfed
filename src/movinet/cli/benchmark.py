"""`movinet benchmark`: what does a step of these models cost, side by side?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from movinet.cli.downloadbar import DownloadBar
from movinet.cli.options import as_json_option, model_or_starter
from movinet.cli.program import DONE, FAILED, loaded
from movinet.cli.targets import check_targets
from movinet.cli.workbar import WorkBar
from movinet.errors import LabelsError, OutputError, UsageError
from movinet.evaluation import (
    Entrant,
    LabelledVideo,
    NotRun,
    benchmark,
    configurations,
    enter,
    machine,
    read_labelled,
    unknown_labels,
)
from movinet.models import read_labels
from movinet.runtime import BACKENDS
from movinet.stream.loading import find_model


@click.command("benchmark")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="FILE|NAME",
    help="A model file or a name from 'movinet models list' (repeat to compare; default: starter).",
)
@click.option(
    "--backend",
    "backends",
    multiple=True,
    type=click.Choice(list(BACKENDS)),
    help="An engine (may be repeated); default: by the kind of file.",
)
@click.option(
    "--threads",
    multiple=True,
    default=[1],
    show_default=True,
    type=click.IntRange(1),
    help="Threads for one step (may be repeated).",
)
@click.option(
    "--steps",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="Counted steps of each in each of three rounds.",
)
@click.option(
    "--data",
    metavar="FOLDER|LIST",
    help="Videos for top-1: a folder with a folder for each label, or a CSV or JSON Lines list.",
)
@click.option("--labels", metavar="FILE", help="One label a line, for models that carry none.")
@as_json_option
@click.option("--plot", metavar="FILE.svg", help="Also draw time (or top-1) by file size.")
def benchmark_(
    models: Sequence[str],
    backends: Sequence[str],
    threads: Sequence[int],
    steps: int,
    data: str | None,
    labels: str | None,
    as_json: bool,
    plot: str | None,
) -> int:
    """Measure models side by side, in turns on the same cores.

    \b
    movinet benchmark --model my.tflite --model official.tflite
    movinet benchmark --model my.tflite --threads 1 --threads 2 --data clips/ --plot picture.svg
    """
    if plot is not None:
        _check_plot(plot)
    given = None if labels is None else (labels, read_labels(labels))
    videos = [] if data is None else read_labelled(data)
    named = models or [model_or_starter(None)]
    entrants = [_enter(model, given, need_labels=bool(videos)) for model in named]
    check_targets(
        [("--plot", plot)],
        [
            ("the data", data),
            *(("a clip", video.path) for video in videos),
            *(("a model", entrant.path) for entrant in entrants),
            ("the list of labels", labels),
        ],
    )
    failed = False
    for entrant in {entrant.path: entrant for entrant in entrants}.values():
        if entrant.problem is not None:
            failed = True
            _say(f"movinet: error: {entrant.problem}")
        elif videos:
            _warn_of_labels(entrant, videos)
    if all(entrant.problem is not None for entrant in entrants):
        return FAILED
    loaded()

    def unreadable(video: LabelledVideo, reason: str) -> None:
        nonlocal failed
        failed = True
        bar.hide()
        _say(f"movinet: error: {reason}")

    with WorkBar() as bar:
        chosen = configurations(
            entrants, list(dict.fromkeys(backends)), list(dict.fromkeys(threads))
        )
        rows = benchmark(chosen, steps=steps, data=videos, failed=unreadable, progress=bar)
    from movinet.outputs.benchmark import print_json, print_tables

    if as_json:
        print_json(rows)
    else:
        print_tables(rows, machine())
    if all(isinstance(row, NotRun) for row in rows):
        _say("movinet: error: nothing could be measured: no model runs on any of these backends")
        return FAILED
    if plot is not None:
        from movinet.outputs.benchmarkplot import draw
        from movinet.outputs.textfile import TextOutput

        output = TextOutput(plot)
        output.write(draw(rows))
        output.close()
    return FAILED if failed else DONE


def _enter(model: str, labels: tuple[str, tuple[str, ...]] | None, *, need_labels: bool) -> Entrant:
    with DownloadBar(model) as progress:
        path, published = find_model(model, progress)
    entrant = enter(path, given=model, labels=labels)
    if not need_labels or entrant.info is None or entrant.info.labels is not None:
        return entrant
    if published is None:
        raise UsageError(
            f"{model} carries no labels, so that top-1 cannot be known: "
            "give a label file with --labels, or leave out --data"
        )
    from movinet.models.download import fetch

    file = str(fetch(published))
    return enter(path, given=model, labels=(file, read_labels(file)))


def _warn_of_labels(entrant: Entrant, videos: Sequence[LabelledVideo]) -> None:
    assert entrant.info is not None
    unknown = unknown_labels(videos, entrant.info)
    if len(unknown) == len({video.label for video in videos}):
        raise LabelsError(
            f"none of the labels of the data is one of {entrant.name} "
            f"({', '.join(unknown[:3])}{', ...' if len(unknown) > 3 else ''})"
        )
    if unknown:
        count = sum(video.label in unknown for video in videos)
        _say(
            f"movinet: warning: {entrant.name} has no label {', '.join(map(repr, unknown))}: "
            f"{count} {'video counts' if count == 1 else 'videos count'} as wrong"
        )


def _check_plot(plot: str) -> None:
    """Say now what would go wrong with the picture after minutes of measuring."""
    path = Path(plot)
    if path.is_dir():
        raise UsageError(f"cannot write {plot}: it is a folder; name a file in it")
    if path.suffix.lower() != ".svg":
        raise UsageError(f"cannot draw {plot}: the picture is an SVG; give a name ending in .svg")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {plot}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write {plot}: no permission to write in {path.parent}")


def _say(text: str) -> None:
    click.echo(text, err=True)
