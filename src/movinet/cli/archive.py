"""Many videos on many processes or machines: what `movinet classify --jobs` does."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from movinet.cli import headstart
from movinet.cli.archivebar import ArchiveBar
from movinet.cli.eventoptions import say_delay
from movinet.cli.program import DONE, FAILED, loaded
from movinet.cli.results import main_sink
from movinet.cli.telling import note, say, warn
from movinet.errors import UsageError
from movinet.models.wholefile import place_of
from movinet.outputs.replay import replay
from movinet.processes import cores
from movinet.scale.journal import Journal
from movinet.scale.ledger import Ledger
from movinet.scale.processes import Processes

if TYPE_CHECKING:
    from movinet.outputs.sink import Sink
    from movinet.scale.job import Job
    from movinet.scale.outcome import Outcome
    from movinet.scale.rayengine import RayEngine


@dataclass(frozen=True)
class Archive:
    """What was asked for.

    Attributes:
        engine: "processes" or "ray".
        jobs: processes at the same time; None: as many as the engine finds good.
        address: of a Ray cluster; None: one on this machine.
        out: the file of results; None: standard output.
        as_json: JSON Lines, whatever the file's name.
        embeddings: the file of pooled features.
    """

    engine: str
    jobs: int | None
    address: str | None
    out: str | None
    as_json: bool
    embeddings: str | None

    def check(self, job: Job, videos: Sequence[str]) -> None:
        """Say before the work begins what cannot come of it.

        Raises:
            UsageError: a video that only this process can read, one row of features for many, or
                no file for results.
        """
        if "-" in videos:
            raise UsageError(
                "standard input cannot be shared by processes: leave --jobs and --engine out"
            )
        if self.embeddings is not None and job.showing.per_frame:
            raise UsageError(
                "--embeddings of every frame do not go with many processes: leave --per-frame "
                "or --jobs out"
            )
        if self.out is not None and place_of(Path(self.out)) is None:
            raise UsageError(
                f"cannot write {self.out}: many processes keep a journal beside their results, "
                "which must be a file; leave --out out for standard output"
            )

    def run(self, job: Job, videos: Sequence[str]) -> int:
        """Classify them all, and give the exit status."""
        videos = list(dict.fromkeys(videos))
        with ExitStack() as stack:
            engine = self._engine(job)
            stack.enter_context(engine)
            bar = stack.enter_context(ArchiveBar())
            engine.check()
            if job.options.events is not None:
                say_delay(job.model.info, job.options)
            if self.out is None:
                return self._print(job, videos, engine, bar)
            return self._write(self.out, job, videos, engine, bar)

    def _engine(self, job: Job) -> Processes | RayEngine:
        if self.engine == "ray":
            from movinet.scale.rayengine import RayEngine

            return RayEngine(job, self.jobs, self.address)
        return Processes(job, self.jobs or cores(), started=headstart.take())

    def _print(
        self, job: Job, videos: list[str], engine: Processes | RayEngine, bar: ArchiveBar
    ) -> int:
        """Results on standard output, in the order of the videos."""
        with ExitStack() as stack:
            sinks = [stack.enter_context(sink) for sink in self._sinks()]
            turns = _Turns(videos, lambda outcome: _replay(outcome, job, sinks))

            def told(outcome: Outcome) -> None:
                _tell(outcome, bar)
                turns.add(outcome)

            ledger = Ledger(videos, told=told, moved=bar)
            loaded()
            engine.run(ledger.todo, ledger)
        bar.hide()
        note(ledger.tally.text(engine.workers))
        return FAILED if ledger.tally.failed else DONE

    def _write(
        self, out: str, job: Job, videos: list[str], engine: Processes | RayEngine, bar: ArchiveBar
    ) -> int:
        """Results into a file when all are there; until then they are in the journal."""
        with Journal(out, job.settings()) as journal:
            ledger = Ledger(
                videos, journal=journal, told=lambda outcome: _tell(outcome, bar), moved=bar
            )
            tally = ledger.tally
            if tally.before:
                before = set(videos) - set(ledger.todo)
                broken = sum(journal.story.done[video].failed for video in before)
                also = f", {broken} of them in vain" if broken else ""
                note(f"{tally.before} of {len(videos)} videos were done before{also}")
            loaded()
            try:
                engine.run(ledger.todo, ledger)
            except BaseException:
                bar.hide()
                if journal.empty:
                    raise
                journal.stopped()
                kept = f"{tally.before + tally.done} of {len(videos)} videos are done"
                note(f"{kept} and kept in {journal.path}; the same command goes on")
                raise
            bar.hide()
            with ExitStack() as stack:
                sinks = [stack.enter_context(sink) for sink in self._sinks()]
                for video in videos:
                    records, embedding = journal.result(video)
                    replay(records, job.model.info, sinks, embedding=embedding)
            failed = any(journal.story.done[video].failed for video in videos)
        if tally.videos:
            note(tally.text(engine.workers))
        return FAILED if failed else DONE

    def _sinks(self) -> list[Sink]:
        sinks = [main_sink(self.out, self.as_json, embeddings=self.embeddings is not None)]
        if self.embeddings is not None:
            from movinet.outputs.embeddings import Embeddings

            sinks.append(Embeddings(self.embeddings))
        return sinks


class _Turns:
    """Outcomes come as they are ready, and go on in the order of the videos."""

    def __init__(self, videos: Sequence[str], onward: Callable[[Outcome], None]) -> None:
        self._waiting = deque(videos)
        self._early: dict[str, Outcome] = {}
        self._onward = onward

    def add(self, outcome: Outcome) -> None:
        """The next that is ready."""
        self._early[outcome.video] = outcome
        while self._waiting and self._waiting[0] in self._early:
            self._onward(self._early.pop(self._waiting.popleft()))


def _replay(outcome: Outcome, job: Job, sinks: Sequence[Sink]) -> None:
    records = [json.loads(line) for line in outcome.lines.splitlines()]
    replay(records, job.model.info, sinks, embedding=outcome.embedding)


def _tell(outcome: Outcome, bar: ArchiveBar) -> None:
    # Results may go to the same terminal.
    bar.hide()
    for text in outcome.warnings:
        warn(text)
    if outcome.error is not None:
        say(f"movinet: error: {outcome.error}")
