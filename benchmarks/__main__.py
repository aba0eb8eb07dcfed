"""Run benchmarks by name, or all of them."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module

NAMES = (
    "push",
    "classify",
    "resize",
    "footprint",
    "network",
    "backends",
    "export",
    "variants",
    "datasets",
    "synthetic",
    "training",
    "live",
    "events",
    "serve",
    "streams",
    "archive",
)


def machine() -> str:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
        model = names[0] if names else model
    except OSError:
        pass
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def main() -> None:
    """Print the tables."""
    chosen = sys.argv[1:] or NAMES
    print(f"Machine: {machine()}.", flush=True)
    for name in chosen:
        if name not in NAMES:
            raise SystemExit(f"unknown benchmark {name!r}: use {', '.join(NAMES)}")
        module = import_module(f"benchmarks.{name}")
        print(f"\n## {module.__doc__.splitlines()[0]}\n", flush=True)
        module.main()
        sys.stdout.flush()


main()
