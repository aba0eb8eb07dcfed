"""`Journal`: what is done of an archive, so that a run that was stopped in any way goes on.

A file of JSON Lines beside the results, which is only ever added to. It begins with the settings;
then come, as they happen:

    {"begin": VIDEO}                      a try begins
    {"broke": VIDEO, "reason": TEXT}      it has failed
    {"video": ...}                        lines of results, and behind them, written with them,
    {"done": VIDEO, ...}                  what makes them count
    {"stopped": null}                     the run was stopped in order: what is begun is no failure

A line that a crash has torn, and results without their `done`, are cut off when it is opened.
`docs/archive.md` describes it for people.
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from movinet.errors import OutputError, UsageError
from movinet.models.lock import held
from movinet.runtime import FloatArray
from movinet.scale.outcome import Outcome
from movinet.scale.tries import LOST

_FORMAT = 1
_HEAD = b'{"journal": '


@dataclass(frozen=True, slots=True)
class Done:
    """Where the journal says that a video is done.

    Attributes:
        place: of its first line of results, in bytes.
        size: bytes of them; behind them is the line that makes them count.
        failed: whether it could not be classified.
        stamp: size and time of change of its file as it was read; None: it was no file.
    """

    place: int
    size: int
    failed: bool
    stamp: list[int] | None


@dataclass(slots=True)
class Story:
    """What the bytes of a journal say.

    Attributes:
        settings: those of the run; None: the first line is not whole.
        done: of each video that is done.
        failed: why tries of other videos failed.
        size: bytes that count; what lies behind was torn.
    """

    settings: dict[str, Any] | None = None
    done: dict[str, Done] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)
    size: int = 0


def read_story(file: IO[bytes]) -> Story:
    """Read a journal from its beginning. Whatever its bytes are, they are no error."""
    story, begun = Story(), set[str]()
    place = results = 0
    for line in file:
        try:
            record = _record(line)
            if (story.settings is None) != ("journal" in record):
                break
            if "video" not in record:
                _take(story, begun, record, results, place)
                results = place + len(line)
        except (ValueError, KeyError, TypeError, RecursionError):
            break
        place += len(line)
    # Results whose end is not there do not count.
    story.size = results
    for video in begun:
        story.failed.setdefault(video, []).append(LOST)
    return story


def _take(story: Story, begun: set[str], record: dict[str, Any], results: int, place: int) -> None:
    """Take in a line at `place` that is no result; `results` is where those before it begin."""
    if "journal" in record:
        if record["journal"] != _FORMAT:
            raise ValueError("a journal of another version")
        story.settings = dict(record["settings"])
    elif "begin" in record:
        video = record["begin"]
        if video in begun:
            story.failed.setdefault(video, []).append(LOST)
        begun.add(video)
    elif "broke" in record:
        begun.discard(record["broke"])
        story.failed.setdefault(record["broke"], []).append(record["reason"])
    elif "done" in record:
        video = record["done"]
        story.done[video] = Done(
            results, place - results, record["error"] is not None, record["stamp"]
        )
        begun.discard(video)
        story.failed.pop(video, None)
    elif "stopped" in record:
        begun.clear()


def _record(line: bytes) -> dict[str, Any]:
    """A whole line; ValueError for a torn one."""
    record = json.loads(line)
    if not isinstance(record, dict) or not line.endswith(b"\n"):
        raise ValueError("not a line of a journal")
    return record


class Journal:
    """Used in a `with` statement, by one process at a time.

    Attributes:
        story: what it said when it was opened; `done` goes on.
    """

    def __init__(self, results: str | Path, settings: dict[str, Any]) -> None:
        """Open or begin the journal of a file of results.

        Args:
            results: the file of results; the journal is `RESULTS.journal`.
            settings: what decides what comes out; see `Job.settings`.

        Raises:
            UsageError: the journal is of other settings, or is no journal.
            OutputError: it cannot be written, or another process is writing it.
        """
        self.path = Path(f"{results}.journal")
        self._results = str(results)
        with ExitStack() as stack:
            try:
                self._file = stack.enter_context(self._open())
            except OSError as error:
                raise self._failed(error) from error
            try:
                stack.enter_context(held(self._file))
            except BlockingIOError as error:
                raise OutputError(
                    f"cannot write {results}: another movinet is at it at this moment"
                ) from error
            except OSError:
                pass  # some network file systems know no locks; the rest works there too
            self._begin(settings)
            self._stack = stack.pop_all()

    def _open(self) -> io.FileIO:
        # Without a buffer: what could not be written would stay in it, and be tried once more.
        with suppress(FileExistsError):
            return self.path.open("x+b", buffering=0)
        return self.path.open("r+b", buffering=0)

    @contextmanager
    def _reading(self, place: int) -> Iterator[IO[bytes]]:
        """The file, from `place` on, with a buffer: for lines."""
        reader = io.BufferedReader(self._file)
        try:
            reader.seek(place)
            yield reader
        finally:
            reader.detach()

    def _begin(self, settings: dict[str, Any]) -> None:
        with self._reading(0) as file:
            self.story = read_story(file)
        known = self.story.settings
        if known is None:
            # Nothing, or the torn beginning of a first line, may be begun anew; other files not.
            with self._reading(0) as file:
                first = file.readline()
            if first.endswith(b"\n") or not _HEAD.startswith(first[: len(_HEAD)]):
                raise UsageError(
                    f"cannot go on with {self._results}: {self.path} is not a journal of it"
                )
            self._cut(0)
            self._add({"journal": _FORMAT, "settings": settings}, lasting=True)
            self._head = self._end
            return
        if known != settings:
            names = {**known, **settings}
            name = next(name for name in names if known.get(name) != settings.get(name))
            raise UsageError(
                f"cannot go on with {self._results}: it was begun with another {name}; "
                f"name another file, or remove {self.path} to begin anew"
            )
        self._cut(self.story.size)
        with self._reading(0) as file:
            self._head = len(file.readline())

    def begin(self, video: str) -> None:
        """A try begins."""
        # On the disk before the video is touched: it may take the whole machine down.
        self._add({"begin": video}, lasting=True)

    def broke(self, video: str, reason: str) -> None:
        """A try has failed."""
        self._add({"broke": video, "reason": reason})

    def done(self, outcome: Outcome, stamp: list[int] | None) -> None:
        """A video is done; `stamp` is that of its file before it was read."""
        vector = outcome.embedding
        record = {
            "done": outcome.video,
            "error": outcome.error,
            "stamp": stamp,
            "seconds": round(outcome.seconds, 6),
            "cpu": round(outcome.cpu, 6),
            "embedding": None
            if vector is None
            else base64.b64encode(vector.astype("<f4").tobytes()).decode(),
        }
        place = self._end
        self._write(f"{outcome.lines}{json.dumps(record)}\n")
        size = len(outcome.lines)
        self.story.done[outcome.video] = Done(place, size, outcome.error is not None, stamp)

    def stopped(self) -> None:
        """The run ends before all is done, but in order. That may be for want of room for words."""
        with suppress(OutputError):
            self._add({"stopped": None})

    def result(self, video: str) -> tuple[list[dict[str, Any]], FloatArray | None]:
        """The records of a video that is done, and its pooled feature where there is one.

        Raises:
            OutputError: when the journal cannot be read.
        """
        entry = self.story.done[video]
        try:
            with self._reading(entry.place) as file:
                lines = file.read(entry.size).splitlines()
                last = file.readline()
        except OSError as error:
            raise OutputError(f"cannot read {self.path}: {error.strerror}") from error
        vector = json.loads(last)["embedding"]
        array = None if vector is None else np.frombuffer(base64.b64decode(vector), "<f4")
        return [json.loads(line) for line in lines], array

    @property
    def empty(self) -> bool:
        """Whether nothing has begun: it says no more than what the settings are."""
        return self._end == self._head

    def close(self) -> None:
        """Let go of it. One that is empty goes away: there is nothing to go on with.

        Raises:
            OutputError: what was written has not arrived, as some network file systems say so late.
        """
        if self.empty:
            with suppress(OSError):  # Windows keeps files that are open
                self.path.unlink()
        try:
            self._stack.close()
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add(self, record: dict[str, Any], *, lasting: bool = False) -> None:
        self._write(f"{json.dumps(record)}\n", lasting=lasting)

    def _write(self, text: str, *, lasting: bool = False) -> None:
        data = text.encode("ascii")
        try:
            self._file.seek(self._end)
            while data:  # on a disk that becomes full, as much as there is room for is written
                data = data[self._file.write(data) :]
            if lasting:
                os.fsync(self._file.fileno())
        except OSError as error:
            # What there is of it counts for nothing, and takes the room that a last word needs.
            with suppress(OSError):
                self._file.truncate(self._end)
            raise self._failed(error) from error
        self._end += len(text)

    def _cut(self, size: int) -> None:
        try:
            self._file.truncate(size)
        except OSError as error:
            raise self._failed(error) from error
        self._end = size

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self.path}: {error.strerror}")


def stamp_of(video: str) -> list[int] | None:
    """What changes when a file does: its size and the time of its change; None for no file."""
    try:
        found = Path(video).stat()
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]
