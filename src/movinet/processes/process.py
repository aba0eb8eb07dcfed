"""`Process`: a module of ours that runs as a process, spoken to in pickles."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import movinet


class Process:
    """Started at once. It ends when this process does, even if that is killed.

    The module takes its orders from `orders` and gives its answers to `answers`, below. It is to
    keep to one thread for each step that it does, for there may be one of it for each core.
    """

    def __init__(self, module: str) -> None:
        """Start it; `module` is "movinet.some.module", whose `main` is run."""
        # Whatever this process was found by, that one finds it too.
        root = str(Path(movinet.__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # Not with -m: its classes would be those of a module "__main__" there.
            [sys.executable, "-c", f"from {module} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A thread of OpenBLAS that nobody needs costs 8 ms.
            env={"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": path},
            # Ctrl-C is for the process that people started; it ends this one.
            start_new_session=True,
        )
        self._heard = False

    def listen(self, told: Callable[[Any], None], ended: Callable[[Process], None]) -> None:
        """Hear what it says; to be called once.

        Args:
            told: called with each thing that it says, in a thread of its own.
            ended: called there at last, with this object.
        """
        self._heard = True
        threading.Thread(target=self._listen, args=(told, ended), daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send(self, thing: object) -> None:
        """An order."""
        assert self._process.stdin is not None
        # One that has just died says so through `ended`.
        with suppress(OSError, ValueError):
            pickle.dump(thing, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it now, and wait for that."""
        self._process.kill()
        self._process.wait()
        self._close()
        if not self._heard and self._process.stdout is not None:
            self._process.stdout.close()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # what was not written is not wanted any more
            self._process.stdin.close()

    def reason(self) -> str:
        """What has become of it, once it has ended."""
        status = self._process.wait()
        if status >= 0:
            return f"ended with status {status}"
        try:
            return f"was killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"was killed by signal {-status}"

    def _listen(self, told: Callable[[Any], None], ended: Callable[[Process], None]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while True:
                try:
                    message = pickle.load(stream)
                # Of one that dies in the middle of a word, anything may be left.
                except Exception:
                    break
                told(message)
        self._process.wait()
        self._close()
        ended(self)


# -- in the process ------------------------------------------------------------------------------


def orders(take: Callable[[Any], None]) -> None:
    """Call `take` with each order, in a thread.

    When they end, for whatever reason, so does this process, at once: whoever started it is gone,
    or wants it gone.
    """

    def listen() -> None:
        try:
            while True:
                take(pickle.load(sys.stdin.buffer))
        finally:
            os._exit(0)

    threading.Thread(target=listen, daemon=True).start()


class Answers:
    """What was standard output; what others print there goes to standard error from now on."""

    def __init__(self) -> None:
        self._stream: IO[bytes] = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def __call__(self, thing: object) -> None:
        """Say it; waits until it is read, or as good as."""
        try:
            pickle.dump(thing, self._stream, pickle.HIGHEST_PROTOCOL)
            self._stream.flush()
        except OSError:  # nobody is there any more
            os._exit(1)
