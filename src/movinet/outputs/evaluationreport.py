"""The page of an evaluation: one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Iterator

from movinet.outputs import evaluationparts as parts
from movinet.outputs.evaluation import Findings, fit_lines, headline, percent, titles
from movinet.outputs.evaluationfigures import reliability_diagram
from movinet.outputs.htmlpage import breakable, document, table
from movinet.outputs.markup import marked

_WORST = 12


def page(findings: Findings) -> str:
    """The page. It reads the worst clips once more, for pictures of each."""
    first = findings.first
    wrong = [answer for answer in first.worst(_WORST) if not answer.right]
    return document(
        f"{first.info.name}: top-1 {percent(first.top1)} %",
        [
            *_head(findings),
            *parts.seconds(first),
            *_others(findings),
            *parts.confusion(first),
            *parts.per_class(first),
            *_calibration(findings),
            *parts.worst(first, wrong, "Wrong ones with the lowest score for what they show."),
            *parts.unreadable(first),
        ],
    )


def _head(findings: Findings) -> Iterator[str]:
    first = findings.first
    yield f"<h1>{breakable(first.info.name)}</h1>"
    about = f"{headline(first)}; {findings.data}. Each clip was run as a stream of its own."
    yield f"<p>{marked(about)}</p>"
    yield parts.key_figures(first)


def _others(findings: Findings) -> Iterator[str]:
    if not findings.others:
        return
    yield f"<h2>Compared with {marked(titles(findings)[0])}</h2>"
    yield (
        "<p>On the same clips. The difference is that of the score of what a clip shows, "
        "regardless of sign.</p>"
    )
    rows = [
        (
            title,
            str(other.comparison.clips),
            f"{percent(other.comparison.top1)} %",
            f"{percent(other.comparison.first_top1)} %",
            f"{percent(other.comparison.agreement)} %",
            f"{other.comparison.mean_difference:.4f}",
            f"{other.comparison.max_difference:.4f}",
        )
        for title, other in zip(titles(findings)[1:], findings.others, strict=True)
    ]
    heads = ("model", "clips", "top-1", "of the first", "agree", "mean diff.", "max diff.")
    yield table(heads, rows, texts=1)


def _calibration(findings: Findings) -> Iterator[str]:
    first = findings.first
    yield "<h2>Is it as sure as it is right?</h2>"
    yield (
        "<p>Clips by the score of the first guess. A dot says how many percent of them are right; "
        "on the dashed line score and truth agree, an orange line is the gap. Below the line the "
        "model is too sure. Pale bars say how many clips there are.</p>"
    )
    yield reliability_diagram(first.reliability)
    if findings.fit is not None:
        yield from (f"<p>{marked(line)}</p>" for line in fit_lines(*findings.fit))
