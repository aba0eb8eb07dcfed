"""`movinet evaluate`: how right is a model on these labelled clips?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Literal

import click

from movinet.cli.downloadbar import DownloadBar
from movinet.cli.knownsources import find_source
from movinet.cli.options import horizon_option, model_or_starter, threads_option
from movinet.cli.program import DONE, FAILED, loaded
from movinet.cli.targets import check_targets
from movinet.cli.workbar import WorkBar
from movinet.errors import MissingExtraError, SourceError, UsageError
from movinet.evaluation.comparison import compare
from movinet.evaluation.evaluating import (
    Evaluation,
    Unreadable,
    evaluate,
    of_split,
    splits_of,
    truths,
)
from movinet.evaluation.labelled import LabelledVideo, read_labelled
from movinet.evaluation.temperature import (
    check_enough,
    check_target,
    fit_temperature,
    write_with_temperature,
)
from movinet.evaluation.wholeclips import SeesClips, evaluate_whole
from movinet.models import ModelInfo, read_info
from movinet.models.wholefile import check_writable
from movinet.outputs.evaluation import Compared, Findings, print_json, print_tables
from movinet.runtime import BACKENDS
from movinet.runtime.backends import backend_for
from movinet.stream import Classifier, load
from movinet.stream.loading import find_model


@click.command("evaluate")
@click.argument("data", metavar="DATA")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="FILE|NAME",
    help="A model file or a name from 'movinet models list' (repeat to compare with the first).",
)
@click.option(
    "--backend",
    "backends",
    multiple=True,
    type=click.Choice(list(BACKENDS)),
    help="An engine (repeat to compare with the first); default: by the kind of file.",
)
@threads_option
@click.option("--labels", metavar="FILE", help="One label a line, for models that carry none.")
@horizon_option
@click.option(
    "--whole-clips",
    "whole",
    metavar="FILE|NAME",
    help="Weights: compare the first model with this network when it sees each clip at once.",
)
@click.option("--split", metavar="NAME", help="Only the clips of this split, as the data names it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--report", metavar="FILE.html", help="Also write a page with pictures.")
@click.option(
    "--fit-temperature",
    "fitted",
    metavar="FILE",
    help="Write a copy of the model whose scores are as sure as they are right.",
)
def evaluate_(
    data: str,
    models: Sequence[str],
    backends: Sequence[str],
    threads: int,
    labels: str | None,
    horizon: int | Literal["model"] | None,
    whole: str | None,
    split: str | None,
    as_json: bool,
    report: str | None,
    fitted: str | None,
) -> int:
    """Say how right a model is on clips whose labels are known.

    DATA is a folder with a folder of videos for each label, or a list of clips.

    \b
    movinet evaluate clips/test --model my.tflite --report report.html
    movinet evaluate test.csv --model int8.tflite --model float32.tflite --json
    """
    if report is not None:
        _check_report(report)
    videos = of_split(read_labelled(data), split)
    splits = splits_of(videos)
    if len(splits) > 1:
        _say(
            f"movinet: warning: the data has splits ({', '.join(splits)}) and all are taken "
            "together; --split takes one"
        )
    entrants = [
        _enter(model, backend, labels=labels, horizon=horizon, threads=threads)
        for model, backend in product(_each(models), _each(backends))
    ]
    for entrant in entrants:
        truths(videos, entrant.classifier.info)
    network = None if whole is None else _network(whole, entrants[0].classifier.info)
    if network is not None:
        truths(videos, network.info)
    if fitted is not None:
        check_enough(len(videos))
        check_target(entrants[0].path, Path(fitted))
    check_targets(
        [("--report", report), ("--fit-temperature", fitted)],
        [
            ("the data", data),
            *(("a clip", video.path) for video in videos),
            *(("a model", entrant.path) for entrant in entrants),
            ("the list of labels", labels),
        ],
    )
    loaded()
    found = _evaluate(entrants, network, videos, data, keep=fitted is not None)
    first = found[0]
    _warn_of_damage(first)
    others = [Compared(other, compare(first, other)) for other in found[1:]]
    # What was found is shown even where a temperature is refused after it.
    refused: UsageError | None = None
    fit = None
    if fitted is not None:
        try:
            fit = fit_temperature(first), fitted
        except UsageError as error:
            refused = error
        else:
            write_with_temperature(entrants[0].path, first.info, fit[0].temperature, Path(fitted))
    findings = Findings(data, first, others, fit)
    (print_json if as_json else print_tables)(findings)
    if report is not None:
        from movinet.outputs.evaluationreport import page
        from movinet.outputs.textfile import TextOutput

        output = TextOutput(report)
        output.write(page(findings))
        output.close()
    if refused is not None:
        raise refused
    return FAILED if any(evaluation.unreadable for evaluation in found) else DONE


def _each(given: Sequence[str]) -> list[str | None]:
    """Each of them once; None, the default, where there are none."""
    return list(dict.fromkeys(given)) or [None]


@dataclass(frozen=True)
class _Entrant:
    """A loaded model."""

    path: Path
    backend: str
    classifier: Classifier


def _enter(
    model: str | None,
    backend: str | None,
    *,
    labels: str | None,
    horizon: int | Literal["model"] | None,
    threads: int,
) -> _Entrant:
    model = model_or_starter(model)
    with DownloadBar(model) as progress:
        path, _ = find_model(model, progress)
        own = read_info(path).labels
        classifier = load(
            model,
            labels=labels if own is None else None,
            horizon=horizon,
            backend=backend,
            threads=threads,
        )
    if classifier.info.labels is None:
        raise UsageError(
            f"{model} carries no labels, so that what it says cannot be held against the data: "
            "give a label file with --labels"
        )
    return _Entrant(path, backend or backend_for(path).name, classifier)


@dataclass(frozen=True)
class _Network:
    """A network that sees clips at once."""

    info: ModelInfo
    logits: SeesClips


def _network(source: str, info: ModelInfo) -> _Network:
    """The network in `source`, if it can be the one that the model of `info` streams."""
    try:
        from movinet.network.wholeclip import clip_logits
        from movinet.weights import Said, read
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "safetensors"}:
            raise
        raise MissingExtraError("comparing with whole clips", "train") from error

    known = find_source(source, None, published_labels=False)
    net = read(known.path, Said(form=known.form)).net
    if not net.config.causal:
        raise UsageError(
            f"{source} is a network of the base form, which cannot be streamed: --whole-clips "
            "takes the stream or lite network that the model was made of"
        )
    if net.config.classes != info.classes:
        raise UsageError(
            f"{source} has {net.config.classes} classes and {info.name} {info.classes}: "
            "--whole-clips takes the network that the model was made of"
        )
    name = f"{known.path.stem} (whole clips)"
    info = replace(info, name=name, labels=net.info.labels or info.labels)
    return _Network(info, partial(clip_logits, net))


def _evaluate(
    entrants: Sequence[_Entrant],
    network: _Network | None,
    videos: Sequence[LabelledVideo],
    data: str,
    *,
    keep: bool,
) -> list[Evaluation]:
    """One evaluation each; what the first could not read is not tried again."""
    found: list[Evaluation] = []
    with WorkBar() as bar:

        def failed(clip: Unreadable) -> None:
            bar.hide()
            _say(f"movinet: error: cannot read {clip.path}: {clip.reason}")

        for entrant in entrants:
            evaluation = evaluate(
                entrant.classifier,
                videos,
                backend=entrant.backend,
                logits=keep and not found,
                failed=failed,
                progress=partial(bar, f"{entrant.classifier.info.name} on {entrant.backend}"),
            )
            found.append(_some(evaluation, videos, data))
            videos = [answer.video for answer in found[0].answers]
        if network is not None:
            evaluation = evaluate_whole(
                entrants[0].classifier,
                network.logits,
                network.info,
                videos,
                backend="pytorch",
                failed=failed,
                progress=partial(bar, network.info.name),
            )
            found.append(_some(evaluation, videos, data))
    return found


def _some(evaluation: Evaluation | None, videos: Sequence[LabelledVideo], data: str) -> Evaluation:
    """The evaluation, if any clip could be read."""
    if evaluation is None:
        count = "its only clip" if len(videos) == 1 else f"any of its {len(videos)} clips"
        raise SourceError(f"cannot evaluate on {data}: cannot read {count}")
    return evaluation


def _warn_of_damage(evaluation: Evaluation) -> None:
    for answer in evaluation.answers:
        path, count = answer.video.path, answer.damaged_packets
        if count:
            packets = "packet was" if count == 1 else "packets were"
            _say(f"movinet: warning: {path}: {count} damaged {packets} skipped")
        if answer.ended_early is not None:
            _say(f"movinet: warning: {path}: ended early ({answer.ended_early})")


def _check_report(report: str) -> None:
    """Say now what would go wrong with the page after minutes of work."""
    path = Path(report)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"cannot write {report}: the page is HTML; give a name ending in .html")
    check_writable(path)


def _say(text: str) -> None:
    click.echo(text, err=True)
