"""What a benchmark compares: model files, each on a backend with a number of threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from movinet.errors import ModelError
from movinet.models import ModelInfo, read_info
from movinet.runtime import BACKENDS
from movinet.runtime.backends import backend_for


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model file.

    Attributes:
        given: what the caller called it.
        path: where it lies.
        info: its contract; None when it cannot be read.
        problem: why it cannot be used, as one line; None when it can.
    """

    given: str
    path: Path
    info: ModelInfo | None
    problem: str | None = None

    @property
    def name(self) -> str:
        """What the model calls itself, else its file name without the ending."""
        return self.path.stem if self.info is None else self.info.name


def enter(
    path: str | Path, *, given: str | None = None, labels: tuple[str, tuple[str, ...]] | None = None
) -> Entrant:
    """A model file for the benchmark. That it cannot be read is noted and raises nothing.

    Args:
        path: the file.
        given: what the caller called it; default: `path`.
        labels: the name of a label file and what it says, for a model that carries no labels.
    """
    path = Path(path)
    name = str(path) if given is None else given
    try:
        info = read_info(path)
        if labels is not None and info.labels is None:
            info = info.with_labels(labels[1], labels[0])
    except ModelError as error:
        return Entrant(name, path, None, str(error))
    return Entrant(name, path, info)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A model file on a backend with so many threads for one step."""

    entrant: Entrant
    backend: str
    threads: int


def configurations(
    entrants: Sequence[Entrant], backends: Sequence[str], threads: Sequence[int]
) -> list[Configuration]:
    """All combinations, model by model.

    Without `backends` each model runs on the one that its kind of file is run on.
    """
    return [
        Configuration(entrant, backend, count)
        for entrant in entrants
        for backend, count in product(backends or [_own_backend(entrant)], threads)
    ]


def _own_backend(entrant: Entrant) -> str:
    return next(iter(BACKENDS)) if entrant.info is None else backend_for(entrant.path).name
