"""Running a configuration in a fresh process, where nothing else holds memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import movinet
from movinet.errors import ModelError
from movinet.evaluation.entrants import Configuration
from movinet.evaluation.pinning import pinned

_STEPS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fresh process pays for a configuration.

    Attributes:
        cold_load: seconds to load the file, the engine's import included.
        load: seconds to load it once the engine is there.
        first: seconds of the first step.
        memory: bytes that the process held at most, less those of one with Python, NumPy and
            this package alone; None where the system does not say.
    """

    cold_load: float
    load: float
    first: float
    memory: int | None


def bare_bytes() -> int | None:
    """The peak memory of a process that loads no model."""
    peak: int | None = _child(None)["peak"]
    return peak


def cost(configuration: Configuration, bare: int | None) -> Cost:
    """Load and step in a fresh process.

    Args:
        configuration: what to run.
        bare: what `bare_bytes` said.

    Raises:
        ModelError: when it cannot run, whatever the reason.
    """
    job = {
        "path": str(configuration.entrant.path),
        "backend": configuration.backend,
        "threads": configuration.threads,
        "steps": _STEPS,
    }
    with pinned(configuration.threads):
        answer = _child(job)
    if "error" in answer:
        raise ModelError(answer["error"])
    peak = answer["peak"]
    memory = None if peak is None or bare is None else max(0, peak - bare)
    return Cost(answer["cold"], answer["load"], answer["first"], memory)


def _child(job: dict[str, Any] | None) -> dict[str, Any]:
    root = str(Path(movinet.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "movinet.evaluation.child", json.dumps(job)],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout.decode(errors="replace").splitlines()[-1])
    except (IndexError, ValueError):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = f": {said[-1].strip()}" if said else ""
        raise ModelError(f"its process ended with status {done.returncode}{reason}") from None
    return answer
