"""What `movinet evaluate` found: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from movinet.evaluation.comparison import Comparison
from movinet.evaluation.evaluating import Evaluation
from movinet.evaluation.temperature import TemperatureFit
from movinet.outputs.textfile import TextOutput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH = 100  # characters, where no terminal says how many
_WORST, _PAIRS, _CLASSES = 5, 5, 12


@dataclass(frozen=True)
class Compared:
    """Another model, and how it differs from the first."""

    evaluation: Evaluation
    comparison: Comparison


@dataclass(frozen=True)
class Findings:
    """All that one call of `movinet evaluate` found.

    Attributes:
        data: the data as it was given.
        first: the evaluation of the first model.
        others: of the further ones.
        fit: the fitted temperature, and the file that was written with it.
    """

    data: str
    first: Evaluation
    others: Sequence[Compared] = ()
    fit: tuple[TemperatureFit, str] | None = None


def titles(findings: Findings) -> list[str]:
    """What to call the models: their names, with the engine where there are several."""
    evaluations = [findings.first, *(other.evaluation for other in findings.others)]
    several = len({e.backend for e in evaluations}) > 1
    return [e.info.name + (f" on {e.backend}" if several else "") for e in evaluations]


def record(findings: Findings) -> dict[str, Any]:
    """Everything as plain JSON values."""
    first = findings.first
    found: dict[str, Any] = {
        "data": findings.data,
        "model": first.info.name,
        "backend": first.backend,
        "clips": len(first.answers),
        "unreadable": [{"path": clip.path, "reason": clip.reason} for clip in first.unreadable],
        "top1": _r(first.top1),
        "top5": _r(first.top5),
        "mean_class_accuracy": _r(first.mean_class_accuracy),
        "nll": _r(first.nll),
        "ece": _r(first.ece),
        "reliability": [
            {
                "low": _r(bin.low),
                "high": _r(bin.high),
                "clips": bin.clips,
                "score": _r(bin.score),
                "accuracy": _r(bin.accuracy),
            }
            for bin in first.reliability
        ],
        "by_seconds": [
            {"seconds": moment.seconds, "clips": moment.clips, "top1": _r(moment.top1)}
            for moment in first.by_seconds
        ],
        "labels": first.labels,
        "confusion": first.confusion.tolist(),
        "per_class": [
            {
                "label": row.label,
                "clips": row.clips,
                "said": row.said,
                "right": row.right,
                "precision": _r(row.precision),
                "recall": _r(row.recall),
                "f1": _r(row.f1),
            }
            for row in first.per_class
        ],
        "answers": [
            {
                "path": answer.video.path,
                "start": answer.video.start,
                "end": answer.video.end,
                "label": first.info.label(answer.truth),
                "said": first.info.label(answer.said),
                "score": _r(answer.score),
                "said_score": _r(float(answer.scores[answer.said])),
                "frames": answer.frames,
                "damaged_packets": answer.damaged_packets,
            }
            for answer in first.answers
        ],
        "comparisons": [_compared(other) for other in findings.others],
        "temperature": None,
    }
    if findings.fit is not None:
        fit, out = findings.fit
        found["temperature"] = {
            "out": out,
            "before": fit.before,
            "after": fit.temperature,
            "ece_before": _r(fit.ece_before),
            "ece_after": _r(fit.ece_after),
            "nll_before": _r(fit.nll_before),
            "nll_after": _r(fit.nll_after),
            "at_limit": fit.at_limit,
        }
    return found


def _compared(other: Compared) -> dict[str, Any]:
    comparison = other.comparison
    return {
        "model": other.evaluation.info.name,
        "backend": other.evaluation.backend,
        "clips": comparison.clips,
        "top1_first": _r(comparison.first_top1),
        "top1": _r(comparison.top1),
        "agreement": _r(comparison.agreement),
        "mean_difference": _r(comparison.mean_difference),
        "max_difference": _r(comparison.max_difference),
    }


def print_json(findings: Findings) -> None:
    """One object on standard output."""
    TextOutput(None).write(json.dumps(record(findings)) + "\n")


def print_tables(findings: Findings) -> None:
    """The figures on standard output, and where the model is wrong."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDTH
    first = findings.first
    console.print(headline(first), soft_wrap=True)
    for table in _tables(findings):
        console.print()
        console.print(table)
    if findings.fit is not None:
        _print_fit(console, *findings.fit)


def headline(evaluation: Evaluation) -> str:
    """Which model on how many clips of how many labels."""
    shown = len({answer.truth for answer in evaluation.answers})
    left_out = len(evaluation.unreadable)
    return (
        f"{evaluation.info.name} on {evaluation.backend}: "
        f"{_count(len(evaluation.answers), 'clip')} of {_count(shown, 'label')}"
        + (f", {left_out} unreadable" if left_out else "")
    )


def _tables(findings: Findings) -> list[Table]:
    first = findings.first
    tables = [_summary(first)]
    if first.by_seconds:
        tables.append(_seconds(first))
    if 1 < len(first.classes) <= _CLASSES:
        tables.append(_per_class(first))
    if findings.others:
        tables.append(_others(findings))
    pairs = first.most_confused(_PAIRS)
    if pairs:
        table = _table("most confused", "said instead")
        _number(table, "clips")
        for truth, said, clips in pairs:
            table.add_row(truth, said, str(clips))
        tables.append(table)
    wrong = [answer for answer in first.worst(_WORST) if not answer.right]
    if wrong:
        table = _table("worst clips", "shows", "score", "said", "score")
        for answer in wrong:
            table.add_row(
                answer.video.path,
                first.info.label(answer.truth),
                f"{answer.score:.3f}",
                first.info.label(answer.said),
                f"{answer.scores[answer.said]:.3f}",
            )
        tables.append(table)
    return tables


def _summary(first: Evaluation) -> Table:
    table = _table("", "")
    table.show_header = False
    right = sum(answer.right for answer in first.answers)
    table.add_row("top-1", f"{percent(first.top1)} %  ({right} of {len(first.answers)})")
    if first.info.classes > 5:
        table.add_row("top-5", f"{percent(first.top5)} %")
    table.add_row("mean of classes", f"{percent(first.mean_class_accuracy)} %")
    table.add_row("calibration error", f"{percent(first.ece)} %")
    table.add_row("negative log-likelihood", f"{first.nll:.3f}")
    return table


def _seconds(first: Evaluation) -> Table:
    moments = first.by_seconds
    table = _table("after seconds")
    for moment in moments:
        _number(table, f"{moment.seconds:g}")
    table.add_row("top-1 %", *(percent(moment.top1) for moment in moments))
    table.add_row("clips", *(str(moment.clips) for moment in moments))
    return table


def _per_class(first: Evaluation) -> Table:
    table = _table("label")
    for head in ("clips", "precision", "recall", "F1"):
        _number(table, head)
    for row in first.per_class:
        figures = (row.precision, row.recall, row.f1)
        table.add_row(row.label, str(row.clips), *map(fraction, figures))
    return table


def _others(findings: Findings) -> Table:
    table = _table("model")
    heads = ("clips", "top-1 %", "of first %", "agree %", "mean diff.", "max diff.")
    for head in heads:
        _number(table, head)
    for title, other in zip(titles(findings)[1:], findings.others, strict=True):
        comparison = other.comparison
        table.add_row(
            title,
            str(comparison.clips),
            percent(comparison.top1),
            percent(comparison.first_top1),
            percent(comparison.agreement),
            f"{comparison.mean_difference:.4f}",
            f"{comparison.max_difference:.4f}",
        )
    return table


def fit_lines(fit: TemperatureFit, out: str) -> list[str]:
    """What a fitted temperature does, as sentences."""
    lines = [
        f"temperature {fit.before:g} -> {fit.temperature:g}, written to {out}",
        f"on these clips: calibration error {percent(fit.ece_before)} % -> "
        f"{percent(fit.ece_after)} %, negative log-likelihood {fit.nll_before:.3f} -> "
        f"{fit.nll_after:.3f}",
    ]
    if fit.at_limit:
        lines.append(
            "it would go further still: the clips are too few, too easy or too hard to fit one"
        )
    return lines


def _print_fit(console: Console, fit: TemperatureFit, out: str) -> None:
    console.print()
    for line in fit_lines(fit, out):
        console.print(line, soft_wrap=True)


def percent(share: float) -> str:
    """A share as percent."""
    return f"{100 * share:.1f}"


def fraction(value: float | None) -> str:
    """A share with three digits; a dash for none."""
    return "-" if value is None else f"{value:.3f}"


def _table(*heads: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _number(table: Table, head: str) -> None:
    # A long head goes on lines of its own, so that the columns stay narrow.
    table.add_column(head.replace(" ", "\n"), justify="right", no_wrap=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _r(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
