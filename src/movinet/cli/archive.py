"""Many videos on many processes or machines: what `movinet classify --jobs` does."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from movinet.cli.archivebar import ArchiveBar
from movinet.cli.program import DONE, FAILED, loaded
from movinet.cli.results import main_sink
from movinet.cli.telling import note, say, warn
from movinet.errors import UsageError
from movinet.outputs.replay import replay
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

    def check(self, videos: Sequence[str]) -> None:
        """Say before the work begins what cannot come of it.

        Raises:
            UsageError: options that do not go together, or a video that only this process has.
        """
        if self.address is not None and self.engine != "ray":
            raise UsageError("--address is of a Ray cluster: add --engine ray")
        if "-" in videos:
            raise UsageError("standard input cannot be shared by processes: leave --jobs out")

    def run(self, job: Job, videos: Sequence[str]) -> int:
        """Classify them all, and give the exit status."""
        videos = list(dict.fromkeys(videos))
        with ExitStack() as stack:
            engine = stack.enter_context(self._engine(job))
            bar = stack.enter_context(ArchiveBar())
            previous = signal.signal(signal.SIGTERM, _interrupt)
            stack.callback(signal.signal, signal.SIGTERM, previous)
            if self.out is None:
                return self._print(job, videos, engine, bar)
            return self._write(self.out, job, videos, engine, bar)

    def _engine(self, job: Job) -> Processes | RayEngine:
        if self.engine == "ray":
            from movinet.scale.rayengine import RayEngine

            return RayEngine(job, self.jobs, self.address)
        return Processes(job, self.jobs or _cores())

    def _print(
        self, job: Job, videos: list[str], engine: Processes | RayEngine, bar: ArchiveBar
    ) -> int:
        """Results on standard output, in the order of the videos, as soon as it is their turn."""
        with ExitStack() as stack:
            sinks = [stack.enter_context(sink) for sink in self._sinks()]
            turn, early = iter(videos), dict[str, Outcome]()
            next_one = next(turn, None)

            def told(outcome: Outcome) -> None:
                nonlocal next_one
                bar.hide()
                _tell(outcome)
                early[outcome.video] = outcome
                while next_one in early:
                    known = early.pop(next_one)
                    records = [json.loads(line) for line in known.lines.splitlines()]
                    replay(records, job.info, sinks, embedding=known.embedding)
                    next_one = next(turn, None)

            ledger = Ledger(videos, told=told, moved=bar)
            loaded()
            engine.run(ledger.todo, ledger)
            bar.hide()
        note(ledger.tally.text(engine.workers))
        return FAILED if ledger.tally.failed else DONE

    def _write(
        self,
        out: str,
        job: Job,
        videos: list[str],
        engine: Processes | RayEngine,
        bar: ArchiveBar,
    ) -> int:
        """Results into a file when all are there; until then they are in the journal."""
        # What cannot be written is known before the work, and whatever is there stays until then.
        sinks = self._sinks
        with Journal(out, job.settings()) as journal:
            def told(outcome: Outcome) -> None:
                bar.hide()
                _tell(outcome)

            ledger = Ledger(videos, journal=journal, told=told, moved=bar)
            if ledger.tally.before:
                note(f"{ledger.tally.before} of {len(videos)} were done before")
            loaded()
            try:
                engine.run(ledger.todo, ledger)
            except BaseException:
                bar.hide()
                journal.stopped()
                done = ledger.tally.before + ledger.tally.done
                note(f"{done} of {len(videos)} are kept in {journal.path}; the same command goes on")
                raise
            bar.hide()
            with ExitStack() as stack:
                opened = [stack.enter_context(sink) for sink in sinks()]
                for video in videos:
                    records, embedding = journal.result(video)
                    replay(records, job.info, opened, embedding=embedding)
            note(ledger.tally.text(engine.workers))
            failed = any(journal.story.done[video].failed for video in videos)
        return FAILED if failed else DONE

    def _sinks(self) -> list[Sink]:
        sinks = [main_sink(self.out, self.as_json)]
        if self.embeddings is not None:
            from movinet.outputs.embeddings import Embeddings

            sinks.append(Embeddings(self.embeddings))
        return sinks


def _tell(outcome: Outcome) -> None:
    for text in outcome.warnings:
        warn(text)
    if outcome.error is not None:
        say(f"movinet: error: {outcome.error}")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    """A run that a machine ends as it shuts down is stopped as by Ctrl-C."""
    raise KeyboardInterrupt
