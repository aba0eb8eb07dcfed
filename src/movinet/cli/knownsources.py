"""Sources of weights as a person names them: files, folders, names of the catalogue."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from movinet.cli.downloadbar import DownloadBar
from movinet.models.catalogue import entries, find
from movinet.models.download import fetch
from movinet.models.labels import read_labels
from movinet.models.starter import NAME, starter_path

if TYPE_CHECKING:
    from movinet.models.catalogue import CatalogueEntry


@dataclasses.dataclass(frozen=True)
class KnownSource:
    """Where a source lies, and what is known of it beside its file."""

    path: Path
    form: str | None = None
    labels: tuple[str, ...] | None = None
    origin: str | None = None
    licence: str | None = None


def find_source(source: str, labels: str | None, *, published_labels: bool = True) -> KnownSource:
    """A source, fetched if the catalogue has it, and its labels.

    Args:
        source: a path, or a name of the catalogue.
        labels: a label file; None: what the catalogue knows, if `published_labels`.
    """
    names = None if labels is None else read_labels(labels)
    if source == NAME:
        return KnownSource(starter_path(), labels=names)
    entry = next((e for e in entries() if e.name == source), None)
    if entry is None:
        return KnownSource(Path(source), labels=names)
    return _fetched(entry, names, published_labels)


def _fetched(
    entry: CatalogueEntry, names: tuple[str, ...] | None, published_labels: bool
) -> KnownSource:
    with DownloadBar(entry.name) as progress:
        path = fetch(entry, progress=progress)
    if names is None and published_labels and entry.labels is not None:
        names = read_labels(fetch(find(entry.labels)))
    return KnownSource(path, entry.form, names, entry.origin, entry.licence)
