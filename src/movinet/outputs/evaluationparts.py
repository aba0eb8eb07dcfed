"""The parts of a page that show an evaluation."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence

from movinet.evaluation.evaluating import ClipAnswer, Evaluation
from movinet.evaluation.stills import stills
from movinet.outputs.evaluation import fraction, percent
from movinet.outputs.evaluationfigures import heat_map, seconds_curve
from movinet.outputs.htmlpage import breakable, figures, table
from movinet.outputs.markup import marked

_MAPPED = 60  # labels; more than that are no picture any more
_PAIRS = 20


def key_figures(first: Evaluation) -> str:
    """The most important numbers."""
    right = sum(answer.right for answer in first.answers)
    values = [
        (f"{percent(first.top1)} %", f"top-1 ({right} of {len(first.answers)})"),
        (f"{percent(first.top5)} %", "top-5"),
        (f"{percent(first.mean_class_accuracy)} %", "mean of classes"),
        (f"{percent(first.ece)} %", "calibration error"),
        (f"{first.nll:.3f}", "negative log-likelihood"),
    ]
    if first.info.classes <= 5:
        del values[1]
    return figures(values)


def seconds(first: Evaluation) -> Iterator[str]:
    """How soon it is right."""
    moments = first.by_seconds
    if moments:
        yield "<h2>Right after so many seconds</h2>"
        yield (
            "<p>Top-1 in percent of what the stream says after so many seconds, of the clips "
            "that are as long.</p>"
        )
        yield seconds_curve(moments)


def confusion(first: Evaluation) -> Iterator[str]:
    """What is taken for what: a picture, or the worst pairs where the labels are many."""
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
        yield table(("shows", "said", "clips"), rows, texts=2)
    elif count > 1:
        yield "<p>Nothing: every clip was named rightly.</p>"


def per_class(first: Evaluation) -> Iterator[str]:
    """A table of every label."""
    yield "<h2>Each label</h2>"
    yield (
        "<p>Precision: how often right when it is said. Recall: how often said when it is right. "
        "The hardest first.</p>"
    )
    rows = [
        (r.label, str(r.clips), str(r.said), *map(fraction, (r.precision, r.recall, r.f1)))
        for r in sorted(first.per_class, key=lambda r: (r.f1 or 0, -r.clips))
    ]
    yield table(("label", "clips", "said", "precision", "recall", "F1"), rows, texts=1)


def worst(first: Evaluation, answers: Sequence[ClipAnswer], about: str) -> Iterator[str]:
    """Some wrong clips, with pictures of each, for which their files are read once more.

    Args:
        first: the evaluation.
        answers: those to show.
        about: which those are, as a sentence.
    """
    if not answers:
        return
    yield "<h2>Worst clips</h2>"
    yield f"<p>{marked(about)}</p>"
    yield '<div class="clips">'
    for answer in answers:
        yield _figure(first, answer)
    yield "</div>"


def _figure(first: Evaluation, answer: ClipAnswer) -> str:
    truth, said = first.info.label(answer.truth), first.info.label(answer.said)
    pictures = "".join(
        f'<img alt="" src="data:image/jpeg;base64,{b64encode(data).decode()}">'
        for data in stills(answer.video)
    )
    strip = f'<div class="strip">{pictures}</div>' if pictures else '<div class="none"></div>'
    return (
        f"<figure>{strip}<figcaption><b>{marked(truth)}</b> {answer.score:.3f}<br>"
        f'said <b class="no">{marked(said)}</b> {answer.scores[answer.said]:.3f}<br>'
        f"{breakable(answer.video.path)}</figcaption></figure>"
    )


def unreadable(first: Evaluation) -> Iterator[str]:
    """A table of what could not be read."""
    if first.unreadable:
        yield "<h2>Could not be read</h2>"
        rows = [(clip.path, clip.reason) for clip in first.unreadable]
        yield table(("clip", "why"), rows, texts=2)
