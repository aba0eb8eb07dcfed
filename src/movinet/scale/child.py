"""The process that classifies, one video at a time; see `Process`.

It is told the job first, then names of videos. It answers:

    ("ready",)                            the model is loaded
    ("reached", seconds, length)          some twice a second, while frames come
    ("done", outcome)
    ("fell", message)                     the process has failed, and ends
    ("failed", wrong usage, message)      the whole run cannot go on
"""

from __future__ import annotations

import gc
import os
import queue
import time
from dataclasses import replace
from typing import Any

# What nearly every job needs is imported before the job is known.
import movinet.frames.container
import movinet.runtime.litert  # noqa: F401
from movinet.errors import MovinetError, UsageError
from movinet.processes import Answers, orders
from movinet.scale.job import Job

_SECONDS_BETWEEN = 0.5


def main() -> None:
    """Do what standard input says until it ends."""
    answer = Answers()
    given: queue.SimpleQueue[Any] = queue.SimpleQueue()
    orders(given.put)
    job: Job = given.get()
    told = 0.0

    def reached(seconds: float, length: float | None) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN:
            told = now
            answer(("reached", seconds, length))

    try:
        classifier = job.load()
        gc.freeze()  # what stays need not be looked through for garbage
        answer(("ready",))
        counted = 0.0
        while True:
            outcome = job.classify(classifier, given.get(), reached)
            # The start of the process, and what is done between videos, is part of the cost.
            cpu = time.process_time()
            answer(("done", replace(outcome, cpu=cpu - counted)))
            counted = cpu
    except MovinetError as error:
        answer(("failed", isinstance(error, UsageError), str(error)))
    # Whatever else goes wrong is a failed try of one video, of which people see one line.
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        answer(("fell", f"the process that read it failed ({text})"))
    os._exit(1)
