"""Python in a process of its own, for what must not happen in the tests' own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]


def python(
    code: str, *arguments: str | Path, check: bool = True, **options
) -> subprocess.CompletedProcess[bytes]:
    """Run `code`, which may import from `kit`; with `check`, it must end well and in silence."""
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(_TESTS)]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 100, **options},
    )
    if check:
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        assert done.stderr == b""
    return done
