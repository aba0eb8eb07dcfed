"""The published MoViNet weights: what each is, where it lies and how to know it again.

The data is `catalogue.toml` beside this file; it is read when it is first asked for.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, Literal

from movinet.errors import UsageError

Form = Literal["base", "stream", "lite"]
Kind = Literal["tflite", "checkpoint", "savedmodel", "pytorch", "labels"]


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Accuracy as its publisher states it, in percent, and how it was measured, in words."""

    top1: float
    top5: float | None
    protocol: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """One published file.

    `filename` is its name in the cache and under a mirror. `size` (bytes), `sha256` and
    `git_blob` are of that file, None where nobody has published them; `listed_mb` is the size in
    megabytes that a page lists, for people only. `labels` names a label set, or the entry that
    holds it. `variant`, `form` and `precision` are None for a file that is no network.
    """

    name: str
    variant: str | None = None
    form: Form | None = None
    data: str
    kind: Kind
    precision: str | None = None
    url: str
    filename: str
    size: int | None = None
    listed_mb: float | None = None
    sha256: str | None = None
    git_blob: str | None = None
    licence: str
    origin: str
    accuracy: Accuracy | None = None
    labels: str | None = None
    note: str = ""

    @property
    def verified(self) -> bool:
        """Whether a published hash is known, so that a download can be checked against it."""
        return self.sha256 is not None or self.git_blob is not None

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, and `verified`, as values that JSON knows."""
        return {**dataclasses.asdict(self), "verified": self.verified}


@cache
def entries() -> tuple[CatalogueEntry, ...]:
    """Return every entry of the catalogue, families in the order of `catalogue.toml`."""
    # Imported here: most runs of the program name a file and never look into the catalogue.
    import tomllib
    from importlib.resources import files

    table = tomllib.loads(files("movinet.models").joinpath("catalogue.toml").read_text("utf-8"))
    addresses = table["address"]
    found = [_entry(file, addresses) for file in table["file"]]
    for family in table["family"]:
        for variant, own in family["variants"].items():
            shared = {key: _filled(value, variant) for key, value in family.items()}
            found.append(_entry({**shared, "variant": variant, **own}, addresses))
    # Files that are no network come last in the list that people see.
    return tuple(sorted(found, key=lambda entry: entry.variant is None))


def find(name: str) -> CatalogueEntry:
    """Return the entry called `name`.

    Raises:
        UsageError: no entry has this name; the message suggests near ones.
    """
    for entry in entries():
        if entry.name == name:
            return entry
    near = _near(name)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    raise UsageError(f"no model is called {name!r}{hint}; 'movinet models list' shows all")


def _near(name: str) -> list[str]:
    """Return up to three names that are about equally near to `name`, the nearest first."""
    from difflib import SequenceMatcher, get_close_matches

    names = [entry.name for entry in entries()]
    close = get_close_matches(name.lower(), names, n=3)
    if not close:
        return [known for known in names if name and known.startswith(name.lower())][:3]
    ratios = [SequenceMatcher(None, known, name.lower()).ratio() for known in close]
    return [known for known, ratio in zip(close, ratios, strict=True) if ratio > ratios[0] - 0.03]


def _filled(value: Any, variant: str) -> Any:  # noqa: ANN401 - any value of TOML
    return value.replace("{n}", variant.removeprefix("a")) if isinstance(value, str) else value


def _entry(fields: dict[str, Any], addresses: dict[str, dict[str, str]]) -> CatalogueEntry:
    """Make an entry of one merged table of `catalogue.toml`."""
    address = addresses[fields["address"]]
    notes = [fields.get("note"), address.get("note")]
    accuracy = None
    if "top1" in fields:
        accuracy = Accuracy(fields["top1"], fields.get("top5"), fields["protocol"])
    elsewhere = {"address", "path", "variants", "top1", "top5", "protocol"}
    return CatalogueEntry(
        **{
            "filename": fields["path"].rpartition("/")[2],
            "licence": address["licence"],
            "origin": address["origin"],
            **{key: value for key, value in fields.items() if key not in elsewhere},
            "url": address["base"] + fields["path"],
            "accuracy": accuracy,
            "note": "; ".join(note for note in notes if note),
        }
    )
