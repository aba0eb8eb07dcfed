"""The process that classifies, one video at a time: `python -m movinet.scale.child`.

It is told by pickles on standard input: first the job, then names of videos. It answers on what
was its standard output:

    ("ready",)                            the model is loaded
    ("reached", seconds, length)          some twice a second, while frames come
    ("done", outcome)
    ("fell", message)                     the process has failed, and ends
    ("failed", wrong usage, message)      the whole run cannot go on

When its standard input ends, for whatever reason, so does the process, at once: whoever started
it is gone, or wants it gone.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import time
from dataclasses import replace
from typing import IO, Any

from movinet.errors import MovinetError, UsageError
from movinet.scale.job import Job

_SECONDS_BETWEEN = 0.5


def main() -> None:
    """Do what standard input says until it ends."""
    answers = _answers()
    orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders), daemon=True).start()
    job: Job = orders.get()

    def answer(*message: Any) -> None:  # noqa: ANN401 (a message is what it is)
        try:
            pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except OSError:  # nobody is there any more
            os._exit(1)

    told = 0.0

    def reached(seconds: float, length: float | None) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN:
            told = now
            answer("reached", seconds, length)

    try:
        classifier = job.load()
        answer("ready")
        counted = 0.0
        while True:
            outcome = job.classify(classifier, orders.get(), reached)
            # The start of the process, and what is done between videos, is part of the cost.
            cpu = time.process_time()
            answer("done", replace(outcome, cpu=cpu - counted))
            counted = cpu
    except MovinetError as error:
        answer("failed", isinstance(error, UsageError), str(error))
    # Whatever else goes wrong is a failed try of one video, of which people see one line.
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        answer("fell", f"the process that read it failed ({text})")
    os._exit(1)


def _answers() -> IO[bytes]:
    """What was standard output; what others print there goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _listen(source: IO[bytes], orders: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            orders.put(pickle.load(source))
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
