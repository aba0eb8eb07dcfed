"""`Worker`: a process that classifies one video at a time, seen from the one that started it."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import movinet
from movinet.scale.job import Job

# A worker and what it says; the last that each says is ("ended",).
Messages = queue.SimpleQueue[tuple["Worker", tuple[Any, ...]]]


class Worker:
    """Started at once. What it says comes through a queue that workers share.

    It ends when this process does, even if that is killed: then its standard input ends.

    Attributes:
        video: what it has been given and has not answered.
        ready: whether its model is loaded.
        fault: why it ends, where it is known before it has.
        heard: when it last said something, on the monotonic clock.
    """

    def __init__(self, job: Job, messages: Messages) -> None:
        self.video: str | None = None
        self.ready = False
        self.heard = time.monotonic()
        self.fault: str | None = None
        # Whatever this process was found by, the worker finds it too.
        root = str(Path(movinet.__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "movinet.scale.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C is for the process that people started; it ends this one.
            start_new_session=True,
        )
        self._send(job)
        threading.Thread(target=self._listen, args=(messages,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def give(self, video: str) -> None:
        """Have a video classified."""
        self.video, self.heard = video, time.monotonic()
        self._send(video)

    def stop(self, reason: str) -> None:
        """End it, for a reason."""
        self.fault = reason
        self._process.kill()

    def kill(self) -> None:
        """End it now, and wait for that."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def reason(self) -> str:
        """What has become of it, once it has ended."""
        status = self._process.wait()
        if self.fault is not None:
            return self.fault
        if status >= 0:
            return f"the process that read it ended with status {status}"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"the process that read it was killed by {name}"

    def _send(self, thing: object) -> None:
        assert self._process.stdin is not None
        # One that has just died says so through the queue.
        with suppress(OSError):
            pickle.dump(thing, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def _listen(self, messages: Messages) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while True:
                try:
                    message = pickle.load(stream)
                # Of one that dies in the middle of a word, anything may be left.
                except Exception:
                    messages.put((self, ("ended",)))
                    return
                messages.put((self, message))
