"""`EventCommand`: somebody's program, run when an action begins and when it ends."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from movinet.errors import UsageError
from movinet.outputs.sink import Sink
from movinet.stream import Event

# Programs that run at the same time; while there are more, events go by without one.
_MOST = 8
# Seconds after which one is stopped.
_PATIENCE = 30.0
# Seconds of waiting at the end before it is said what for.
_SILENCE = 1.0
# Seconds for one that was killed to be gone, and for the last that was written to be told.
_DYING = 1.0
# Bytes of a line; what is longer is several.
_LINE = 4096


class EventCommand(Sink):
    """Starts a program and goes on; what it does and how long it takes holds nothing up.

    There is no shell: the command is split as a shell would, and what it is to know is in its
    environment, so that no label or name of a video can become a command. `MOVINET_EVENT` is
    "begin" or "end"; `MOVINET_VIDEO`, `MOVINET_LABEL`, `MOVINET_START`, `MOVINET_END` (seconds;
    empty while it goes on) and `MOVINET_PEAK` (0 to 1) say what of.
    """

    def __init__(
        self,
        command: str,
        *,
        say: Callable[[str], None],
        most: int = _MOST,
        patience: float = _PATIENCE,
        listen: Callable[[str], None] | None = None,
    ) -> None:
        """Make sure that there is such a program.

        Args:
            command: the program and its arguments.
            say: told in one line what went wrong.
            most: programs at the same time.
            patience: seconds that one may take.
            listen: told each line that one writes to standard error, in a thread of its own; None:
                that is the standard error of this program.

        Raises:
            UsageError: when there is no such program, it may not be run, or a quotation mark is
                not closed.
        """
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"cannot run {command!r} on events: {error}") from error
        if not self._command:
            raise UsageError(f"cannot run {command!r} on events: name a program")
        program = self._command[0]
        if shutil.which(program) is None:
            there = Path(program).name != program and Path(program).is_file()
            reason = "it may not be run: chmod +x it" if there else "there is no such program"
            raise UsageError(f"cannot run {program!r} on events: {reason}")
        self._say, self._most, self._patience = say, most, patience
        self._listen = listen
        self._listeners: list[threading.Thread] = []
        self._running: list[tuple[subprocess.Popen[bytes], float]] = []
        self._until = math.inf  # when all are stopped
        self._missed = 0

    def event(self, video: str, event: Event) -> None:
        """Start the program."""
        self._look()
        if len(self._running) >= self._most:
            if not self._missed:
                self._say(
                    f"{self._most} runs of {self._command[0]} have not ended: not run for events "
                    "until they have"
                )
            self._missed += 1
            return
        values = {
            "MOVINET_EVENT": "begin" if event.end is None else "end",
            "MOVINET_VIDEO": video,
            "MOVINET_LABEL": event.label,
            "MOVINET_START": f"{float(event.start):.6f}",
            "MOVINET_END": "" if event.end is None else f"{float(event.end):.6f}",
            "MOVINET_PEAK": f"{event.peak:.6f}",
        }
        # A zero byte can be in a label, and in no environment.
        clean = {name: value.replace("\0", "\ufffd") for name, value in values.items()}
        try:
            process = subprocess.Popen(
                self._command,
                env={**os.environ, **clean},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if self._listen is None else subprocess.PIPE,
                # Not stopped by the Ctrl-C that stops the program around it: what has begun to
                # tell somebody of an event shall finish.
                start_new_session=True,
            )
        except OSError as error:
            self._say(f"cannot run {self._command[0]} on an event: {error.strerror}")
            return
        self._running.append((process, time.monotonic()))
        if process.stderr is not None and self._listen is not None:
            told = (process.stderr, self._listen)
            self._listeners.append(threading.Thread(target=_tell, args=told, daemon=True))
            self._listeners[-1].start()

    def stop(self, seconds: float = 0.0) -> None:
        """What runs may go on for so many seconds more; a signal's handler may call this."""
        self._until = min(self._until, time.monotonic() + seconds)

    def close(self) -> None:
        """Wait for what still runs, no longer than it may take."""
        try:
            self._wait()
        except KeyboardInterrupt:
            self.stop()
            self._look()
            raise
        until = time.monotonic() + _DYING
        for listener in self._listeners:
            listener.join(max(0.0, until - time.monotonic()))
        if self._missed:
            self._say(f"{self._command[0]} was not run for {self._missed} events")
            self._missed = 0

    def _wait(self) -> None:
        begun, said = time.monotonic(), False
        while self._running:
            self._look()
            if self._running:
                time.sleep(0.02)
            if self._running and not said and time.monotonic() - begun > _SILENCE:
                said = True
                count = len(self._running)
                runs, them = ("a run", "it") if count == 1 else (f"{count} runs", "them")
                left = min(self._patience, self._until - time.monotonic())
                self._say(
                    f"waiting for {runs} of {self._command[0]} to end, at most {left:.0f} s; "
                    f"Ctrl-C stops {them}"
                )

    def _look(self) -> None:
        """Forget those that have ended, and stop those that take too long."""
        now, running = time.monotonic(), []
        for process, begun in self._running:
            status = process.poll()
            if status is None and now > min(begun + self._patience, self._until):
                _kill(process)
                self._say(f"{self._command[0]} was stopped: it ran for {now - begun:.2g} s")
            elif status is None:
                running.append((process, begun))
            elif status:
                self._say(f"{self._command[0]} failed with status {status}")
        self._running = running
        self._listeners = [listener for listener in self._listeners if listener.is_alive()]


def _tell(stream: IO[bytes], listen: Callable[[str], None]) -> None:
    with stream:
        while line := stream.readline(_LINE):
            listen(line.decode("utf-8", "replace").rstrip())


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it, with all that it has started."""
    # Not every one may be killed (sudo), and one that waits for a dead disk does not end.
    with suppress(OSError, subprocess.TimeoutExpired):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # its session is its own, see Popen above
        process.wait(_DYING)
