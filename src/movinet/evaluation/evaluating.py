"""A model over labelled clips, each run as a stream: what it said, and the figures of that."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from movinet.errors import LabelsError, SourceError, UsageError
from movinet.evaluation import metrics
from movinet.evaluation.labelled import LabelledVideo, plain_label, unknown_labels
from movinet.evaluation.metrics import Bin, ClassFigures, Floats, Integers
from movinet.frames import exact_seconds
from movinet.models import ModelInfo
from movinet.stream import Classifier, Gathering, Prediction, predictions

# Seconds after which it is asked what the model says so far.
MARKS = tuple(Fraction(mark) for mark in ("1/2", *"1235", "10", "20", "30", "60"))
_NAMED = 5  # unknown labels that an error names


@dataclass(frozen=True, slots=True, eq=False)
class ClipAnswer:
    """What a model said of one clip.

    Attributes:
        video: the clip.
        truth: the index of its label in the model.
        scores: `[classes]` float32, of the whole clip, as in `Summary`.
        frames: how many the model was given.
        damaged_packets: how many could not be decoded.
        ended_early: why the clip ended before its end, where it did.
        at: the index of the first guess after so many seconds, for the marks that the clip reaches.
        logits: `[predictions, classes]` float32 of those predictions whose mean `scores` is, one
            within the horizon: log scores, which are the logits over the file's temperature but for
            a constant each; None unless they were asked for.
    """

    video: LabelledVideo
    truth: int
    scores: Floats = field(repr=False)
    frames: int
    damaged_packets: int
    ended_early: str | None
    at: dict[Fraction, int]
    logits: Floats | None = field(default=None, repr=False)

    @property
    def said(self) -> int:
        """The index of the first guess."""
        return int(self.scores.argmax())

    @property
    def score(self) -> float:
        """The score of the right class."""
        return float(self.scores[self.truth])

    @property
    def right(self) -> bool:
        """Whether the first guess is the truth."""
        return self.said == self.truth


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A clip that could not be read, and why."""

    video: LabelledVideo
    reason: str

    @property
    def path(self) -> str:
        """Where it lies."""
        return self.video.path


@dataclass(frozen=True, slots=True)
class Moment:
    """First guesses after so many seconds of a clip, of the `clips` that are as long."""

    seconds: float
    clips: int
    top1: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The answers of one model on one engine, at least one, and the figures of them.

    Attributes:
        info: the model's contract.
        backend: the engine.
        answers: one a clip that could be read, in the order of the data.
        unreadable: the others.
    """

    info: ModelInfo
    backend: str
    answers: Sequence[ClipAnswer]
    unreadable: Sequence[Unreadable]

    @cached_property
    def truth(self) -> Integers:
        """`[clips]`: the right classes."""
        return np.array([answer.truth for answer in self.answers], np.int64)

    @cached_property
    def scores(self) -> Floats:
        """`[clips, classes]`."""
        return np.stack([answer.scores for answer in self.answers])

    @cached_property
    def classes(self) -> list[int]:
        """The classes that the clips show or the model said, in the model's order."""
        said = self.scores.argmax(axis=1)
        return sorted({*self.truth.tolist(), *said.tolist()})

    @property
    def labels(self) -> list[str]:
        """The labels of `classes`."""
        return [self.info.label(index) for index in self.classes]

    @cached_property
    def confusion(self) -> Integers:
        """Rows are the truth, columns what was said, both `classes`."""
        places = np.array(self.classes)
        said = np.searchsorted(places, self.scores.argmax(axis=1))
        truth = np.searchsorted(places, self.truth)
        return metrics.confusion_matrix(truth, said, len(places))

    @property
    def top1(self) -> float:
        """Share of the clips whose first guess is right."""
        return metrics.top_k(self.scores, self.truth, 1)

    @property
    def top5(self) -> float:
        """Share of the clips whose label is among the first five guesses."""
        return metrics.top_k(self.scores, self.truth, 5)

    @property
    def mean_class_accuracy(self) -> float:
        """The mean over the classes of the share of each that was named rightly."""
        return metrics.mean_class_accuracy(self.confusion)

    @property
    def per_class(self) -> list[ClassFigures]:
        """The figures of each of `classes`."""
        return metrics.class_figures(self.confusion, self.labels)

    @cached_property
    def reliability(self) -> list[Bin]:
        """How often right, by how sure."""
        return metrics.reliability(self.scores, self.truth)

    @property
    def ece(self) -> float:
        """The expected calibration error."""
        return metrics.calibration_error(self.reliability)

    @property
    def nll(self) -> float:
        """The negative log-likelihood."""
        return metrics.negative_log_likelihood(self.scores, self.truth)

    @property
    def by_seconds(self) -> list[Moment]:
        """Top-1 against seconds seen, for the marks that at least one clip reaches."""
        found = []
        for mark in MARKS:
            right = [a.at[mark] == a.truth for a in self.answers if mark in a.at]
            if right:
                found.append(Moment(float(mark), len(right), sum(right) / len(right)))
        return found

    def most_confused(self, count: int) -> list[tuple[str, str, int]]:
        """(truth, said, clips), the most frequent first."""
        labels = self.labels
        pairs = metrics.most_confused(self.confusion, count)
        return [(labels[truth], labels[said], clips) for truth, said, clips in pairs]

    def worst(self, count: int) -> list[ClipAnswer]:
        """The clips with the lowest scores for what they show, lowest first, wrong ones before."""
        return sorted(self.answers, key=lambda answer: (answer.right, answer.score))[:count]

    def surest_mistakes(self, count: int) -> list[ClipAnswer]:
        """The clips that are wrong with the highest score for what is said, highest first."""
        wrong = [answer for answer in self.answers if not answer.right]
        return sorted(wrong, key=lambda answer: -float(answer.scores.max()))[:count]


def truths(videos: Sequence[LabelledVideo], info: ModelInfo) -> list[int]:
    """The index in the model of what each clip shows.

    Raises:
        LabelsError: when the model does not know a label.
    """
    unknown = unknown_labels(videos, info)
    if unknown:
        shown = ", ".join(map(repr, unknown[:_NAMED])) + (", ..." if len(unknown) > _NAMED else "")
        every = len(unknown) == len({video.label for video in videos})
        raise LabelsError(
            f"{info.name} has {'none of the labels' if every else 'no label'} {shown} of the data: "
            "evaluate it on what it was trained to tell apart, or mend the labels"
        )
    places: dict[str, int] = {}
    for index, label in enumerate(info.labels or ()):
        places.setdefault(plain_label(label), index)
    return [places[plain_label(video.label)] for video in videos]


def evaluate(
    classifier: Classifier,
    videos: Sequence[LabelledVideo],
    *,
    backend: str = "",
    logits: bool = False,
    failed: Callable[[Unreadable], None] = lambda clip: None,
    progress: Callable[[float], None] = lambda done: None,
) -> Evaluation | None:
    """Run every clip as a stream of its own; None when none could be read.

    Args:
        classifier: the model.
        videos: the clips.
        backend: the engine's name, to be noted.
        logits: keep the logits of each clip, to fit a temperature on.
        failed: called at once with each clip that cannot be read; it is left out.
        progress: called after each clip with how much is done, 0 to 1.

    Raises:
        LabelsError: when the model does not know a label of the clips.
    """

    def answer(video: LabelledVideo, truth: int) -> ClipAnswer:
        return _answer(classifier, video, truth, keep=logits)

    return answer_each(
        answer, videos, classifier.info, backend=backend, failed=failed, progress=progress
    )


def answer_each(
    answer: Callable[[LabelledVideo, int], ClipAnswer],
    videos: Sequence[LabelledVideo],
    info: ModelInfo,
    *,
    backend: str,
    failed: Callable[[Unreadable], None],
    progress: Callable[[float], None],
) -> Evaluation | None:
    """What `answer` says of each clip and the index of its label; the rest is as for `evaluate`.

    Raises:
        LabelsError: when the model that `info` is of does not know a label of the clips.
    """
    answers, unreadable = [], []
    for number, (video, truth) in enumerate(zip(videos, truths(videos, info), strict=True), 1):
        try:
            answers.append(answer(video, truth))
        except (SourceError, UsageError) as error:
            reason = str(error).removeprefix(f"cannot read {video.path}: ")
            unreadable.append(Unreadable(video, reason))
            failed(unreadable[-1])
        progress(number / len(videos))
    if not answers:
        return None
    return Evaluation(info, backend, answers, unreadable)


def span_of(video: LabelledVideo) -> tuple[Fraction | None, Fraction | None]:
    """The seconds from which and to which a clip is meant, where the data says so."""
    return (
        None if video.start is None else exact_seconds(video.start),
        None if video.end is None else exact_seconds(video.end),
    )


def of_split(videos: Sequence[LabelledVideo], split: str | None) -> list[LabelledVideo]:
    """The clips of one split, where the data names splits; None: all.

    Raises:
        UsageError: when there is none of that split.
    """
    if split is None:
        return list(videos)
    chosen = [video for video in videos if video.split == split]
    if not chosen:
        there = splits_of(videos)
        raise UsageError(
            f"the data has no split {split!r}: "
            + (f"it has {', '.join(there)}" if there else "it names no splits; leave out --split")
        )
    return chosen


def splits_of(videos: Sequence[LabelledVideo]) -> list[str]:
    """The splits that the data names."""
    named = (video.split for video in videos)
    return sorted({split for split in named if split is not None})


def _answer(classifier: Classifier, video: LabelledVideo, truth: int, *, keep: bool) -> ClipAnswer:
    gathering = Gathering(classifier)
    said = _SaidSoFar(classifier.options.fps)
    kept: tuple[list[Floats], list[Floats]] = [], []  # all; those of a whole horizon
    start, end = span_of(video)
    last = None
    with classifier.open(video.path, start=start, end=end) as source:
        for prediction in predictions(source, gathering.stream):
            gathering.add(prediction)
            said.add(prediction)
            last = prediction.scores
            if keep:
                kept[0].append(prediction.scores)
                if gathering.full(prediction):
                    kept[1].append(prediction.scores)
        summary = gathering.summary(source)
    logits = None
    if keep:
        # Within the horizon the last prediction speaks for the whole clip.
        rows = kept[0][-1:] if summary.scores is last else kept[1] or kept[0]
        logits = np.log(np.maximum(np.stack(rows), np.finfo(np.float32).tiny))
    return ClipAnswer(
        video,
        truth,
        summary.scores,
        summary.frames,
        summary.damaged_packets,
        summary.ended_early,
        said.done(),
        logits,
    )


class _SaidSoFar:
    """First guesses at the marks. A frame stands for its whole interval of 1/fps seconds."""

    def __init__(self, fps: Fraction) -> None:
        self._fps = fps
        self._first: Fraction | None = None
        self._seen = Fraction(0)
        self._said: int | None = None
        self._waiting = list(MARKS)
        self._at: dict[Fraction, int] = {}

    def add(self, prediction: Prediction) -> None:
        if self._first is None:
            self._first = prediction.time
        intervals = math.floor((prediction.time - self._first) * self._fps) + 1
        self._seen = intervals / self._fps
        self._pass(before=self._seen)
        self._said = int(prediction.scores.argmax())

    def done(self) -> dict[Fraction, int]:
        while self._waiting and self._waiting[0] <= self._seen:
            self._mark()
        return self._at

    def _pass(self, before: Fraction) -> None:
        while self._waiting and self._waiting[0] < before:
            self._mark()

    def _mark(self) -> None:
        mark = self._waiting.pop(0)
        if self._said is not None:
            self._at[mark] = self._said
