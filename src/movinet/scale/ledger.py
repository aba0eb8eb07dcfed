"""`Ledger`: the one place that knows what is to do, what is done and what has failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from movinet.scale.journal import Journal, stamp_of
from movinet.scale.outcome import Outcome
from movinet.scale.tally import Tally
from movinet.scale.tries import Tries


class Listener(Protocol):
    """What whoever has videos classified is told, and asked."""

    def begin(self, video: str) -> Outcome | None:
        """A try begins; an outcome instead, when too many have failed."""

    def broke(self, video: str, reason: str) -> Outcome | None:
        """The process that read it has ended; None: it is to be tried once more."""

    def reached(self, video: str, seconds: float, length: float | None) -> None:
        """So many seconds of it are done, of so many (None: nobody knows)."""

    def done(self, outcome: Outcome) -> None:
        """It is done, well or not."""


class Ledger:
    """Used by one engine. Every video is done once, whatever an engine tells how often.

    Attributes:
        todo: the videos that are not done yet: first those that nothing is known against, then
            those that may have ended a process, so that they hold up nobody.
        tally: how far it all is.
    """

    def __init__(
        self,
        videos: Iterable[str],
        *,
        journal: Journal | None = None,
        told: Callable[[Outcome], None] | None = None,
        moved: Callable[[Tally], None] | None = None,
    ) -> None:
        """Look up what is done already.

        Args:
            videos: all of them; one that is named twice is done once.
            journal: where it is kept; None: nowhere.
            told: called with each outcome.
            moved: called as things go on.
        """
        self._journal, self._told, self._moved = journal, told, moved
        self._stamps: dict[str, list[int] | None] = {}
        names = dict.fromkeys(videos)
        story = None if journal is None else journal.story
        if story is not None:
            self._stamps = {video: stamp_of(video) for video in names}
            # A file that has changed since is another video.
            names = {
                video: None
                for video in names
                if video not in story.done or story.done[video].stamp != self._stamps[video]
            }
        self._tries = Tries(None if story is None else story.failed)
        self.todo = sorted(names, key=self._tries.suspect)
        self._open = set(self.todo)
        before = len(self._stamps) - len(self.todo) if story is not None else 0
        self.tally = Tally(len(self.todo), before)

    def reasons(self) -> dict[str, list[str]]:
        """Why earlier tries have failed, of each video of which some have."""
        return self._tries.reasons()

    def begin(self, video: str) -> Outcome | None:
        """A try begins; an outcome instead, when too many have failed."""
        if video not in self._open:
            return None
        given_up = self._tries.begin(video)
        if self._journal is not None and given_up is None:
            self._journal.begin(video)
        return given_up

    def broke(self, video: str, reason: str) -> Outcome | None:
        """The process that read it has ended; None: it is to be tried once more."""
        if video not in self._open:
            return None
        self.tally.broke(video)
        given_up = self._tries.broke(video, reason)
        if self._journal is not None:
            self._journal.broke(video, reason)
        return given_up

    def reached(self, video: str, seconds: float, length: float | None) -> None:
        """So many seconds of it are done, of so many (None: nobody knows)."""
        if video in self._open:
            self.tally.reached(video, seconds, length)
            self._move()

    def done(self, outcome: Outcome) -> None:
        """It is done, well or not."""
        if outcome.video not in self._open:
            return
        self._open.discard(outcome.video)
        self._tries.end(outcome.video)
        if self._journal is not None:
            self._journal.done(outcome, self._stamps[outcome.video])
        self.tally.add(outcome)
        if self._told is not None:
            self._told(outcome)
        self._move()

    def _move(self) -> None:
        if self._moved is not None:
            self._moved(self.tally)
