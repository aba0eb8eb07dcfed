"""`Tally`: how far many videos are, and what they cost."""

from __future__ import annotations

import time

from movinet.scale.outcome import Outcome


class Tally:
    """Sums over all workers of one run.

    Attributes:
        videos: how many there are to do.
        done: how many are done, failed ones included.
        failed: how many have failed.
        before: how many had been done by an earlier run.
        seconds: of video that were watched.
        cpu: seconds of processor time of all workers.
    """

    def __init__(self, videos: int, before: int = 0) -> None:
        self.videos, self.before = videos, before
        self.done = self.failed = 0
        self.seconds = self.cpu = 0.0
        self._begun = time.monotonic()
        # Video -> seconds that are done, and seconds that there are.
        self._under_way: dict[str, tuple[float, float | None]] = {}

    def reached(self, video: str, seconds: float, length: float | None) -> None:
        """So many seconds of a video are done, of so many."""
        self._under_way[video] = seconds, length

    def broke(self, video: str) -> None:
        """A video has to begin anew."""
        self._under_way.pop(video, None)

    def add(self, outcome: Outcome) -> None:
        """A video is done."""
        self.broke(outcome.video)
        self.done += 1
        self.failed += outcome.error is not None
        self.seconds += outcome.seconds
        self.cpu += outcome.cpu

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return max(time.monotonic() - self._begun, 1e-6)

    @property
    def speed(self) -> float:
        """Seconds of video in a second."""
        watched = sum(seconds for seconds, _ in self._under_way.values())
        return (self.seconds + watched) / self.elapsed

    @property
    def part(self) -> float:
        """Videos that are done, with the parts of those that are under way."""
        parts = [
            min(seconds / length, 1.0) for seconds, length in self._under_way.values() if length
        ]
        return min(self.done + sum(parts), float(self.videos))

    def text(self, workers: str) -> str:
        """The whole in one line; `workers` says what did it: "2 processes"."""
        told = [f"{_count(self.done, 'video')}, {_span(self.seconds)} of video"]
        told.append(f"in {_span(self.elapsed)} on {workers}: {self.speed:.1f} times real time")
        text = " ".join(told)
        if self.seconds:
            text += f", {3600 * self.cpu / self.seconds:.0f} CPU seconds an hour of video"
        if self.failed:
            text += f", {self.failed} failed"
        if self.before:
            text += f"; {self.before} were done before"
        return text


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _span(seconds: float) -> str:
    """As people say it: 12.3 s, 3 min 20 s, 5 h 7 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
