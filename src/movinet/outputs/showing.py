"""`Showing`: one video through a classifier and into sinks, the same way wherever it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from movinet.outputs.sink import Sink
from movinet.stream import Category, Classifier, Event, Gathering, Prediction, Summary, predictions

if TYPE_CHECKING:
    from movinet.outputs.track import Track

# Told how many seconds of a video are done, and how many there are (None: nobody knows).
Reached = Callable[[float, float | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What is watched of each video, and what is shown of it.

    Attributes:
        top: how many classes to show.
        threshold: the lowest score to show, 0 to 1.
        among: the classes that may be shown; None: all.
        per_frame: show every prediction too.
        source_fps: frames per second of images.
        start, end: seconds; only what lies between is watched.
    """

    top: int = 5
    threshold: float = 0.0
    among: frozenset[int] | None = None
    per_frame: bool = False
    source_fps: float | None = None
    start: float | None = None
    end: float | None = None

    def watch(
        self,
        classifier: Classifier,
        video: str,
        sinks: Sequence[Sink],
        *,
        reached: Reached,
        track: Track | None = None,
    ) -> Summary:
        """Watch a video to its end.

        Args:
            classifier: what says what it shows.
            video: the video.
            sinks: told of moments and events as they are known. The summary is for the caller to
                tell them.
            reached: told how far it is.
            track: takes everything in, for outputs that need the whole.

        Raises:
            SourceError: when it cannot be read.
        """
        gathering = Gathering(classifier)
        start = Fraction(self.start or 0)
        with classifier.open(
            video, source_fps=self.source_fps, start=self.start, end=self.end
        ) as source:
            length = self.length(source.duration)
            for prediction in predictions(source, gathering.stream):
                told = gathering.add(prediction)
                reached(float(prediction.time - start), length)
                if self.per_frame:
                    best = self.best(prediction)
                    for sink in sinks:
                        sink.prediction(video, prediction, best)
                if track is not None:
                    track.prediction(prediction)
                _tell(sinks, track, video, told)
            _tell(sinks, track, video, gathering.finish())
            summary = gathering.summary(source)
        if track is not None:
            track.duration = summary.duration
        return summary

    def best(self, answer: Prediction | Summary) -> list[Category]:
        """The classes to show, best first."""
        return answer.top(self.top, threshold=self.threshold, among=self.among)

    def length(self, duration: Fraction | None) -> float | None:
        """Seconds to go through of a video of so many; None where nobody knows."""
        last = duration
        if self.end is not None:
            last = Fraction(self.end) if duration is None else min(duration, Fraction(self.end))
        return None if last is None else float(max(Fraction(0), last - Fraction(self.start or 0)))


def warnings_of(video: str, summary: Summary) -> tuple[str, ...]:
    """What people should know of a video that was read, a line each."""
    found = []
    if summary.damaged_packets:
        count = summary.damaged_packets
        found.append(
            f"{video}: {count} damaged {'packet was' if count == 1 else 'packets were'} skipped"
        )
    if summary.ended_early is not None:
        found.append(f"{video}: ended early ({summary.ended_early})")
    return tuple(found)


def _tell(sinks: Iterable[Sink], track: Track | None, video: str, events: list[Event]) -> None:
    for event in events:
        for sink in sinks:
            sink.event(video, event)
        if track is not None:
            track.event(event)
