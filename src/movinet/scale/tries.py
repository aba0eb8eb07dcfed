"""`Tries`: a video that ends the process that reads it is set aside after the second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from movinet.scale.outcome import Outcome, failure

MOST = 2
# Of a try that nobody saw the end of.
LOST = "the program, or the machine, that read it was lost"


class Tries:
    """Counts the tries of each video that have not ended well."""

    def __init__(self, reasons: Mapping[str, Iterable[str]] | None = None) -> None:
        """`reasons`: why earlier tries failed, of videos that are not done."""
        self._reasons = {video: list(given) for video, given in (reasons or {}).items()}
        self._open: set[str] = set()

    def begin(self, video: str) -> Outcome | None:
        """A try begins; an outcome instead, when too many have failed."""
        given_up = self.look(video)
        if given_up is None:
            self._open.add(video)
        return given_up

    def look(self, video: str) -> Outcome | None:
        """Whether too many have failed, if what has begun before is lost."""
        if video in self._open:
            self._open.discard(video)
            self._fail(video, LOST)
        return self._given_up(video)

    def broke(self, video: str, reason: str) -> Outcome | None:
        """A try has failed; None: another one may begin."""
        self._open.discard(video)
        self._fail(video, reason)
        return self._given_up(video)

    def end(self, video: str) -> None:
        """A try has ended well."""
        self._open.discard(video)
        self._reasons.pop(video, None)

    def reasons(self) -> dict[str, list[str]]:
        """Why tries have failed, of each video of which some have."""
        return {video: list(reasons) for video, reasons in self._reasons.items()}

    def suspect(self, video: str) -> bool:
        """Whether a try of it has failed."""
        return video in self._reasons

    def _fail(self, video: str, reason: str) -> None:
        self._reasons.setdefault(video, []).append(reason)

    def _given_up(self, video: str) -> Outcome | None:
        reasons = self._reasons.get(video, [])
        if len(reasons) < MOST:
            return None
        same = len(set(reasons)) == 1
        reason = f"{reasons[0]}, twice" if same else f"{reasons[-2]}, then {reasons[-1]}"
        return failure(video, f"cannot read {video}: {reason}")
