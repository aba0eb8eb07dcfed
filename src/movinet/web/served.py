"""`Served`: the models that a server has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movinet.errors import UsageError
from movinet.models import ModelInfo, read_info, read_labels
from movinet.models.info import kind_of
from movinet.models.starter import NAME
from movinet.runtime import open_model
from movinet.scale import Engine, cores
from movinet.stream.loading import find_model
from movinet.web.jpeg import JpegDecoder
from movinet.web.limits import Limits

if TYPE_CHECKING:
    from movinet.models.transfer import Progress

Record = dict[str, Any]


@dataclass(frozen=True)
class Served:
    """One model.

    Attributes:
        name: what it is called in addresses and messages.
        path: its file, a `.tflite`.
        info: its contract, with labels from elsewhere where it has none.
    """

    name: str
    path: Path
    info: ModelInfo

    @property
    def file(self) -> str:
        """Where a page finds it, from its own folder on."""
        return f"models/{self.name}.tflite"

    def record(self) -> Record:
        """What a page needs to know of it."""
        contains = None
        if self.name == NAME:
            contains = f"{self.info.classes} actions of drawn figures; it knows no people"
        elif self.info.labels is not None:
            contains = f"{self.info.classes} actions"
        return {
            "name": self.name,
            "file": self.file,
            "bytes": self.path.stat().st_size,
            "contract": self.info.to_dict(),
            "contains": contains,
            "drawn": self.name == NAME,
        }


def engine_for(served: Sequence[Served], limits: Limits, threads: int | None = None) -> Engine:
    """What answers with these models to JPEGs.

    Args:
        served: the models.
        limits: for the size of a picture.
        threads: how many answer; None: one for each core that the process may use.

    Raises:
        ModelError: one of them cannot be loaded.
    """
    count = threads or cores()
    models = {
        one.name: [open_model(one.path, info=one.info) for _ in range(count)] for one in served
    }
    return Engine(models, decoder=lambda: JpegDecoder(limits.picture))


def find_served(
    model: str,
    labels: str | None,
    progress: Progress | None = None,
    *,
    replace_labels: bool = True,
) -> Served:
    """A model named by its path or its name; see `movinet.load` for the errors.

    Args:
        model: a file, or a name of the catalogue.
        labels: a label file.
        progress: as for `movinet.load`.
        replace_labels: use the label file also for a model that carries labels.

    Raises:
        UsageError: also when it is no `.tflite`, because browsers run nothing else.
    """
    path, published = find_model(model, progress)
    info = read_info(path)
    if kind_of(path) != ".tflite":
        raise UsageError(f"cannot serve {path}: browsers run .tflite files only")
    if labels is None and published is not None and info.labels is None:
        from movinet.models.download import fetch

        labels = str(fetch(published))
    if labels is not None and (replace_labels or info.labels is None):
        info = info.with_labels(read_labels(labels), labels)
    plain = Path(model).stem if path == Path(model) else model
    return Served(re.sub(r"[^\w.-]+", "-", plain, flags=re.ASCII), path, info)


def check_names(models: Sequence[Served]) -> None:
    """Make sure that each has its own.

    Raises:
        UsageError: two have the same.
    """
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two models are called {name}: rename the file of one of them")


def models_record(models: Sequence[Served], *, server: bool) -> Record:
    """All that a page needs to know; the first model is the one to begin with.

    `server`: whether there is one that runs them too.
    """
    return {"models": [model.record() for model in models], "server": server}
