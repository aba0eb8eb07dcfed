"""`Worker`: a process that classifies one video at a time, seen from the one that started it."""

from __future__ import annotations

import queue
import time
from typing import Any

from movinet.processes import Process
from movinet.scale.job import Job

MODULE = "movinet.scale.child"
# A worker and what it says; the last that each says is ("ended",).
Messages = queue.SimpleQueue[tuple["Worker", tuple[Any, ...]]]


class Worker:
    """Given its job at once. What it says comes through a queue that workers share.

    Attributes:
        video: what it has been given and has not answered.
        ready: whether its model is loaded.
        fault: why it ends, where it is known before it has.
        heard: when it last said something, on the monotonic clock.
    """

    def __init__(self, job: Job, messages: Messages, process: Process | None = None) -> None:
        """`process`: one of `MODULE` that was started before; None: it is started now."""
        self.video: str | None = None
        self.ready = False
        self.fault: str | None = None
        self.heard = time.monotonic()
        self._process = process or Process(MODULE)
        self._process.listen(
            lambda message: messages.put((self, message)),
            lambda process: messages.put((self, ("ended",))),
        )
        self._process.send(job)

    def give(self, video: str) -> None:
        """Have a video classified."""
        self.video, self.heard = video, time.monotonic()
        self._process.send(video)

    def kill(self) -> None:
        """End it now, and wait for that."""
        self._process.kill()

    def reason(self) -> str:
        """What has become of it, once it has ended."""
        return self.fault or f"the process that read it {self._process.reason()}"
