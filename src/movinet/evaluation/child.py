"""One model in a process of its own: what loading costs, and how much memory it takes.

`python -m movinet.evaluation.child JOB` with a JSON object `{"path", "backend", "threads",
"steps"}`, or `null` for a process that loads nothing. The answer is the last line of standard
output; see `movinet.evaluation.isolation`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from movinet.errors import MovinetError
from movinet.runtime import open_model

_LOADS = 3


def peak_bytes() -> int | None:
    """The most memory that this process has held so far; None where the system does not say.

    Linux's `getrusage` is asked only where /proc is missing: there its peak begins with that of the
    process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Load and step once for memory, and load a few times more for the time."""
    path, backend, threads = job["path"], job["backend"], job["threads"]
    begin = perf_counter()
    model = open_model(path, backend=backend, threads=threads)
    cold = perf_counter() - begin
    height, width = model.info.size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    state = model.initial_state()
    begin = perf_counter()
    _, state = model.step(image, state)
    first = perf_counter() - begin
    for _ in range(job["steps"]):
        _, state = model.step(image, state)
    peak = peak_bytes()
    del model, state
    loads = []
    for _ in range(_LOADS):
        begin = perf_counter()
        again = open_model(path, backend=backend, threads=threads)
        loads.append(perf_counter() - begin)
        del again
    return {"cold": cold, "load": sorted(loads)[_LOADS // 2], "first": first, "peak": peak}


def main() -> None:
    """Do what the command line says."""
    job = json.loads(sys.argv[1])
    try:
        answer = {"peak": peak_bytes()} if job is None else run(job)
    except MovinetError as error:
        answer = {"error": str(error)}
    # On a line of its own, whatever an engine has written before.
    print(f"\n{json.dumps(answer)}", flush=True)
    # What an engine does as it is taken apart is nobody's concern any more.
    os._exit(0)


if __name__ == "__main__":
    main()
