"""The page of a training: one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from movinet.evaluation.evaluating import Evaluation
from movinet.outputs import evaluationparts as parts
from movinet.outputs.evaluation import percent
from movinet.outputs.htmlpage import breakable, document
from movinet.outputs.markup import marked
from movinet.outputs.trainingfigures import accuracy_curve, loss_curve

_WORST = 12


@dataclass(frozen=True)
class Training:
    """What a run did, and what its model says.

    Attributes:
        name: of the run.
        about: what was trained on what, in a sentence.
        losses: one an epoch.
        accuracies: on the validation clips after each epoch, 0 to 1; none without such clips.
        kept: the epoch, 1 for the first, whose weights are in the model; None without epochs.
        stages: the epochs with which another stage begins, other than the first.
        evaluation: of the finished model on the validation clips; None without any.
        findings: lines worth a look, by what they are about; each heading may have none.
    """

    name: str
    about: str
    losses: Sequence[float] = ()
    accuracies: Sequence[float] = ()
    kept: int | None = None
    stages: Sequence[int] = ()
    evaluation: Evaluation | None = None
    findings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def page(training: Training) -> str:
    """The page. It reads the worst of the validation clips once more, for pictures of each."""
    return document(
        f"Training of {training.name}",
        [
            f"<h1>Training of {breakable(training.name)}</h1>",
            f"<p>{marked(training.about)}</p>",
            *_curves(training),
            *_judged(training),
            *_findings(training.findings),
        ],
    )


def _curves(training: Training) -> Iterator[str]:
    if not training.losses:
        return
    yield '<div class="pair">'
    yield "<div><h2>Loss</h2>"
    yield "<p>How far off the network is on what it learns from: the mean of each epoch.</p>"
    yield f"{loss_curve(training.losses, training.stages)}</div>"
    if training.accuracies and training.kept is not None:
        yield "<div><h2>Right on the validation clips</h2>"
        share = percent(training.accuracies[training.kept - 1])
        yield (
            "<p>In percent, by the averaged weights after each epoch, not yet as a file. Ringed is "
            f"what was kept: epoch {training.kept}, {share} %.</p>"
        )
        yield f"{accuracy_curve(training.accuracies, training.kept, training.stages)}</div>"
    yield "</div>"
    if training.stages:
        yield (
            "<p>A dashed line is where another stage begins, with larger pictures or longer clips: "
            "what is before and behind it was measured on other pictures.</p>"
        )


def _judged(training: Training) -> Iterator[str]:
    evaluation = training.evaluation
    yield "<h2>The finished model</h2>"
    if evaluation is None:
        yield (
            "<p>Not judged: there was no clip for it. 'movinet evaluate' judges it on clips that "
            "it was not trained on.</p>"
        )
        return
    yield (
        "<p>The model file on the validation clips, each run as a stream of its own. None of them "
        "was trained on, but they may have chosen which weights were kept: clips of another day "
        "are the stricter test.</p>"
    )
    yield parts.key_figures(evaluation)
    yield from parts.seconds(evaluation)
    yield from parts.confusion(evaluation)
    yield from parts.per_class(evaluation)
    about = (
        "Wrong ones, the surest first; each with its score for what it shows and for what is said."
    )
    yield from parts.worst(evaluation, evaluation.surest_mistakes(_WORST), about)
    yield from parts.unreadable(evaluation)


def _findings(findings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if not any(findings.values()):
        return
    yield "<h2>Worth a look</h2>"
    for heading, lines in findings.items():
        if lines:
            items = "".join(f"<li>{breakable(line)}</li>" for line in lines)
            yield f"<h3>{marked(heading)}</h3><ul>{items}</ul>"
