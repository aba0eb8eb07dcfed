"""The one table of backends, and `open_model`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from movinet.errors import UsageError
from movinet.models import ModelInfo, read_info
from movinet.runtime.model import StepModel

# Name -> where its opener lies: a function (path, info, threads) -> StepModel. Imported on use,
# so that a backend that is not asked for costs nothing and need not be installed.
BACKENDS = {
    "litert": ("movinet.runtime.litert", "open_litert"),
}
DEFAULT_BACKEND = "litert"

_Opener = Callable[[Path, ModelInfo, int], StepModel]


def open_model(
    path: str | Path,
    *,
    info: ModelInfo | None = None,
    backend: str = DEFAULT_BACKEND,
    threads: int = 1,
) -> StepModel:
    """Load a model file.

    Args:
        path: the file.
        info: its contract, where the caller has already read it (or changed the labels).
        backend: a name of `BACKENDS`.
        threads: threads for one step. One is best for MoViNets of this size (measured: two threads
            gain nothing on A0); use more streams instead.

    Raises:
        ModelError: when the file is missing, damaged or no streaming classifier.
        UsageError: for an unknown backend or a thread count below 1.
    """
    if backend not in BACKENDS:
        raise UsageError(f"unknown backend {backend!r}: use {', '.join(BACKENDS)}")
    if threads < 1:
        raise UsageError(f"threads must be 1 or more, not {threads}")
    path = Path(path)
    info = info or read_info(path)
    module, name = BACKENDS[backend]
    opener = cast("_Opener", getattr(import_module(module), name))
    return opener(path, info, threads)
