"""`Sink`: where results go, one video after the other."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from movinet.stream import Category, Event, Prediction, Summary


class Sink:
    """Takes the results of any number of videos; used in a `with` statement.

    What was written stays, also when the statement is left by an error or Ctrl-C.
    """

    def prediction(self, video: str, prediction: Prediction, top: Sequence[Category]) -> None:
        """One moment of `video`; only called when answers for each frame are wanted."""

    def event(self, video: str, event: Event) -> None:
        """An action has begun in `video` (its `end` is None), or has ended."""

    def summary(self, video: str, summary: Summary, top: Sequence[Category]) -> None:
        """The whole of `video`."""

    def error(self, video: str, message: str) -> None:
        """`video` could not be classified."""

    def close(self) -> None:
        """Finish. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
