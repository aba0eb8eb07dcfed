"""The one table of backends, and `open_model`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from movinet.errors import ModelError, UsageError
from movinet.models import ModelInfo, read_info
from movinet.models.info import kind_of
from movinet.runtime.model import StepModel

MOST_THREADS = 256  # for one step; engines take many more as a reason to crash

_Opener = Callable[[Path, ModelInfo, int], StepModel]


@dataclass(frozen=True, slots=True)
class Backend:
    """One engine.

    Attributes:
        name: what it is called in options.
        kinds: the kinds of files that it reads, by their endings.
        extra: what to install for it, as in `pip install 'movinet[EXTRA]'`; None: it is there.
        precisions: of the files that it runs.
        module, function: where its opener lies, (path, info, threads) -> StepModel. It is imported
            on use, so that a backend that is not asked for costs nothing and need not be installed.
    """

    name: str
    kinds: tuple[str, ...]
    extra: str | None
    precisions: tuple[str, ...]
    module: str
    function: str

    @property
    def opener(self) -> _Opener:
        """What loads a file."""
        return cast("_Opener", getattr(import_module(self.module), self.function))


BACKENDS = {
    backend.name: backend
    for backend in (
        # The first that reads a kind of file is the one that is taken for it.
        Backend(
            "litert",
            (".tflite",),
            None,
            ("float32", "float16", "dynamic", "int8"),
            "movinet.runtime.litert",
            "open_litert",
        ),
        Backend(
            "onnxruntime",
            (".onnx",),
            "onnx",
            ("float32", "float16", "dynamic", "int8"),
            "movinet.runtime.onnxruntime",
            "open_onnxruntime",
        ),
        Backend(
            "openvino",
            (".onnx", ".tflite"),
            "openvino",
            ("float32", "float16"),
            "movinet.runtime.openvino",
            "open_openvino",
        ),
    )
}


def open_model(
    path: str | Path,
    *,
    info: ModelInfo | None = None,
    backend: str | None = None,
    threads: int = 1,
) -> StepModel:
    """Load a model file.

    Args:
        path: the file.
        info: its contract, where the caller has already read it (or changed the labels).
        backend: a name of `BACKENDS`; None: by the kind of the file.
        threads: threads for one step. One is best for MoViNets of this size (measured: two threads
            gain nothing on A0); use more streams instead.

    Raises:
        ModelError: when the file is missing, damaged or no streaming classifier.
        UsageError: for an unknown backend, one that does not read such files, or a thread count
            below 1.
        MissingExtraError: when the backend is not installed.
    """
    path = Path(path)
    _check_options(backend, threads)
    info = info or read_info(path)
    return check_model(path, info, backend, threads).opener(path, info, threads)


def check_model(path: Path, info: ModelInfo, backend: str | None, threads: int) -> Backend:
    """What of `open_model` is known without loading the file: gives the backend that will.

    Raises:
        ModelError, UsageError: as there.
    """
    _check_options(backend, threads)
    if not info.states:
        raise ModelError(
            f"cannot use {path}: it takes a whole clip at a time (base form); watching needs a "
            "stream model"
        )
    chosen = backend_for(path) if backend is None else BACKENDS[backend]
    _check(chosen, path, info)
    return chosen


def _check_options(backend: str | None, threads: int) -> None:
    if backend is not None and backend not in BACKENDS:
        raise UsageError(f"unknown backend {backend!r}: use {', '.join(BACKENDS)}")
    if not 1 <= threads <= MOST_THREADS:
        raise UsageError(f"threads must be from 1 to {MOST_THREADS}, not {threads}")


def backend_for(path: Path) -> Backend:
    """The backend that a file is run on when nobody says which.

    Raises:
        ModelError: when the file cannot be read or holds weights only.
    """
    kind = kind_of(path)
    return next(backend for backend in BACKENDS.values() if kind in backend.kinds)


def _check(backend: Backend, path: Path, info: ModelInfo) -> None:
    """Make sure that a backend runs a file.

    Raises:
        UsageError: it does not.
    """
    kind = kind_of(path)
    able = [b for b in BACKENDS.values() if kind in b.kinds and info.precision in b.precisions]
    if backend in able:
        return
    use = f"use {' or '.join(other.name for other in able)}"
    if kind in backend.kinds:
        runs = " and ".join(backend.precisions)
        raise UsageError(
            f"{path} is {info.precision}, and the {backend.name} backend runs {runs}: {use}"
        )
    reads = " and ".join(backend.kinds)
    what = "an .onnx" if kind == ".onnx" else "a .tflite"
    raise UsageError(
        f"{path} is {what} file, and the {backend.name} backend reads {reads} files: {use}"
    )
