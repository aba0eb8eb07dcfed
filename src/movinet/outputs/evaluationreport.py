"""The page of an evaluation: one HTML file that needs no other."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence

from movinet.evaluation.evaluating import ClipAnswer, Evaluation
from movinet.evaluation.stills import still
from movinet.outputs.evaluation import Findings, fit_lines, fraction, headline, percent, titles
from movinet.outputs.evaluationfigures import (
    STYLE,
    heat_map,
    reliability_diagram,
    seconds_curve,
)
from movinet.outputs.markup import marked

_MAPPED = 60  # labels; more than that are no picture any more
_PAIRS, _WORST = 20, 12

_STYLE = (
    """
  :root { color-scheme: light dark; --paper: #ffffff; --card: #f6f8fa; --ink: #1f2933;
          --soft: #52606d; --line: #dde2e8; --blue: #2563eb; --orange: #c2410c; }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0f141a; --card: #161b22; --ink: #e6edf3; --soft: #a3adb8; --line: #2b323b;
            --blue: #6ea8fe; --orange: #ff9d5c; }
  }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 24px 16px 48px; max-width: 900px; background: var(--paper);
         color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
  h2 { font-size: 1.15rem; margin: 36px 0 8px; }
  p { margin: 4px 0 12px; color: var(--soft); max-width: 68ch; }
  p, td, th, figcaption { overflow-wrap: anywhere; }
  .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr));
             gap: 10px; margin: 20px 0; padding: 0; list-style: none; }
  .figures li { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
                padding: 10px 12px; color: var(--soft); font-size: .85rem; }
  .figures b { display: block; color: var(--ink); font-size: 1.5rem; line-height: 1.3; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-size: .92rem; }
  th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line);
           vertical-align: top; }
  th { color: var(--soft); font-weight: 600; }
  td:first-child { min-width: 7em; }
  @media (max-width: 520px) {
    table { font-size: .82rem; }
    th, td { padding-right: 8px; }
    td:first-child { min-width: 5em; }
  }
  .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  th.n { white-space: normal; overflow-wrap: normal; }
  .clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 14px; }
  figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
           overflow: hidden; }
  figure img, .none { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: contain;
                      background: #000; }
  .none { background: var(--line); }
  figcaption { padding: 8px 12px 10px; font-size: .85rem; color: var(--soft); }
  figcaption b { color: var(--ink); }
  figcaption .no { color: var(--orange); }
"""
    + STYLE
)


def page(findings: Findings) -> str:
    """The page. It reads the worst clips once more, for a picture of each."""
    first = findings.first
    title = f"{first.info.name}: top-1 {percent(first.top1)} %"
    parts = [
        *_head(findings),
        *_seconds(first),
        *_others(findings),
        *_confusion(first),
        *_per_class(first),
        *_calibration(findings),
        *_worst(first),
        *_unreadable(first),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{marked(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _head(findings: Findings) -> Iterator[str]:
    first = findings.first
    yield f"<h1>{_breakable(first.info.name)}</h1>"
    about = f"{headline(first)}; {findings.data}. Each clip was run as a stream of its own."
    yield f"<p>{marked(about)}</p>"
    right = sum(answer.right for answer in first.answers)
    figures = [
        (f"{percent(first.top1)} %", f"top-1 ({right} of {len(first.answers)})"),
        (f"{percent(first.top5)} %", "top-5"),
        (f"{percent(first.mean_class_accuracy)} %", "mean of classes"),
        (f"{percent(first.ece)} %", "calibration error"),
        (f"{first.nll:.3f}", "negative log-likelihood"),
    ]
    if first.info.classes <= 5:
        del figures[1]
    items = "".join(f"<li><b>{value}</b>{marked(name)}</li>" for value, name in figures)
    yield f'<ul class="figures">{items}</ul>'


def _seconds(first: Evaluation) -> Iterator[str]:
    moments = first.by_seconds
    if moments:
        yield "<h2>Right after so many seconds</h2>"
        yield (
            "<p>Top-1 in percent of what the stream says after so many seconds, of the clips "
            "that are as long.</p>"
        )
        yield seconds_curve(moments)


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
    yield _table(heads, rows, texts=1)


def _confusion(first: Evaluation) -> Iterator[str]:
    count = len(first.classes)
    pairs = first.most_confused(_PAIRS)
    if count > 1:
        yield "<h2>What is taken for what</h2>"
    if 1 < count <= _MAPPED:
        yield "<p>A row is what clips show, a column what was said of them.</p>"
        yield f'<div class="wide">{heat_map(first.confusion, first.labels)}</div>'
    elif count > 1 and pairs:
        yield f"<p>The most frequent confusions; {count} labels are too many for a picture.</p>"
        rows = [(truth, said, str(clips)) for truth, said, clips in pairs]
        yield _table(("shows", "said", "clips"), rows, texts=2)
    elif count > 1:
        yield "<p>Nothing: every clip was named rightly.</p>"


def _per_class(first: Evaluation) -> Iterator[str]:
    yield "<h2>Each label</h2>"
    yield (
        "<p>Precision: how often right when it is said. Recall: how often said when it is right. "
        "The hardest first.</p>"
    )
    rows = [
        (r.label, str(r.clips), str(r.said), *map(fraction, (r.precision, r.recall, r.f1)))
        for r in sorted(first.per_class, key=lambda r: (r.f1 or 0, -r.clips))
    ]
    yield _table(("label", "clips", "said", "precision", "recall", "F1"), rows, texts=1)


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


def _worst(first: Evaluation) -> Iterator[str]:
    wrong = [answer for answer in first.worst(_WORST) if not answer.right]
    if not wrong:
        return
    yield "<h2>Worst clips</h2>"
    yield "<p>Wrong ones with the lowest score for what they show.</p>"
    yield '<div class="clips">'
    for answer in wrong:
        yield _figure(first, answer)
    yield "</div>"


def _figure(first: Evaluation, answer: ClipAnswer) -> str:
    truth, said = first.info.label(answer.truth), first.info.label(answer.said)
    data = still(answer.video)
    picture = (
        '<div class="none"></div>'
        if data is None
        else f'<img alt="" src="data:image/jpeg;base64,{b64encode(data).decode()}">'
    )
    return (
        f"<figure>{picture}<figcaption><b>{marked(truth)}</b> {answer.score:.3f}<br>"
        f'said <b class="no">{marked(said)}</b> {answer.scores[answer.said]:.3f}<br>'
        f"{_breakable(answer.video.path)}</figcaption></figure>"
    )


def _breakable(name: str) -> str:
    """A file's name, which best goes on a new line behind a slash or an underscore."""
    return re.sub(r"([/_]+)", r"\1<wbr>", marked(name))


def _unreadable(first: Evaluation) -> Iterator[str]:
    if first.unreadable:
        yield "<h2>Could not be read</h2>"
        rows = [(clip.path, clip.reason) for clip in first.unreadable]
        yield _table(("clip", "why"), rows, texts=2)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int) -> str:
    """A table whose first `texts` columns are text, the others numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = ["" if number < texts else ' class="n"' for number in range(len(cells))]
        inside = (
            f"<{tag}{kind}>{marked(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True)
        )
        return f"<tr>{''.join(inside)}</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return f'<div class="wide"><table>\n{line(heads, "th")}\n{body}\n</table></div>'
