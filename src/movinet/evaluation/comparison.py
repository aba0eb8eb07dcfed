"""Two models, or one on two engines, on the same clips."""

from __future__ import annotations

from dataclasses import dataclass

from movinet.errors import SourceError
from movinet.evaluation.evaluating import Evaluation
from movinet.evaluation.labelled import plain_label


@dataclass(frozen=True, slots=True)
class Comparison:
    """How another evaluation differs from the first, on the clips that both could read.

    Attributes:
        clips: how many.
        first_top1, top1: of the first and of the other.
        agreement: share of the clips of which both say the same.
        mean_difference, max_difference: of the score of what the clip shows, regardless of sign.
    """

    clips: int
    first_top1: float
    top1: float
    agreement: float
    mean_difference: float
    max_difference: float


def compare(first: Evaluation, other: Evaluation) -> Comparison:
    """Hold `other` against `first`; classes are matched by their labels.

    Raises:
        SourceError: when they have no clip in common.
    """
    unread = {id(clip.video) for clip in (*first.unreadable, *other.unreadable)}
    ours = [answer for answer in first.answers if id(answer.video) not in unread]
    theirs = [answer for answer in other.answers if id(answer.video) not in unread]
    pairs = list(zip(ours, theirs, strict=True))
    if not pairs:
        raise SourceError("the models have no readable clip in common")
    agreed = [
        plain_label(first.info.label(a.said)) == plain_label(other.info.label(b.said))
        for a, b in pairs
    ]
    differences = [abs(a.score - b.score) for a, b in pairs]
    count = len(pairs)
    return Comparison(
        count,
        sum(a.right for a in ours) / count,
        sum(b.right for b in theirs) / count,
        sum(agreed) / count,
        sum(differences) / count,
        max(differences),
    )
