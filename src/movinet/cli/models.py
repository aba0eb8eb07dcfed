"""`movinet models`: the published weights, and what a model file says of itself."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from movinet.cli.downloadbar import DownloadBar
from movinet.cli.importing import import_
from movinet.cli.options import as_json_option
from movinet.errors import DownloadError
from movinet.models.cache import cache_dir
from movinet.models.catalogue import Form, Kind, entries, find
from movinet.models.download import cached, fetch, recorded_sha256, sha256_of
from movinet.models.starter import NAME, starter_path

if TYPE_CHECKING:
    from rich.console import Console

    from movinet.models.catalogue import CatalogueEntry
    from movinet.models.info import ModelInfo


@click.group()
def models() -> None:
    """List, download, describe and import models."""


models.add_command(import_)


@models.command("list")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Only files of this kind.")
@click.option("--form", type=click.Choice(get_args(Form)), help="Only networks of this form.")
@as_json_option
def list_(kind: str | None, form: str | None, as_json: bool) -> None:
    """List the published weights."""
    chosen = [
        entry for entry in entries() if kind in {None, entry.kind} and form in {None, entry.form}
    ]
    if as_json:
        for entry in chosen:
            click.echo(_json(entry))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "size", "top-1", "top-5", "hash", "cached"):
        numeric = column in {"size", "top-1", "top-5"}
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for entry in chosen:
        accuracy = entry.accuracy
        table.add_row(
            entry.name,
            entry.kind,
            _size(entry),
            f"{accuracy.top1:.2f}" if accuracy else "",
            f"{accuracy.top5:.2f}" if accuracy and accuracy.top5 else "",
            _hash_kind(entry),
            "yes" if cached(entry) else "",
        )
    _console().print(table)
    click.echo(f"'{NAME}' comes with the package and runs when none is named.", err=True)


@models.command()
@click.argument("name")
def get(name: str) -> None:
    """Download NAME, once, and print where it lies."""
    entry = find(name)
    with DownloadBar(entry.name) as progress:
        path = fetch(entry, progress=progress)
    if not entry.verified:
        click.echo(f"unverified (no hash is published): sha256 {sha256_of(path)}", err=True)
    click.echo(path)


@models.command()
@click.argument("name")
def path(name: str) -> None:
    """Print where NAME lies in the cache; download nothing."""
    entry = find(name)
    where = cached(entry)
    if where is None:
        raise DownloadError(
            f"{name} is not in the cache ({cache_dir() / entry.filename}); "
            f"'movinet models get {name}' downloads it"
        )
    click.echo(where)


@models.command()
@click.argument("target")
@as_json_option
def show(target: str, as_json: bool) -> None:
    """Describe TARGET, a name of the catalogue or a model file."""
    file = starter_path() if target == NAME else Path(target)
    # A misspelt name has no suffix and no folder; anything else is meant as a file.
    meant_as_file = bool(file.suffix) or file.name != target or os.path.exists(file)  # noqa: PTH110
    if meant_as_file and all(entry.name != target for entry in entries()):
        _show_file(file, as_json)
    elif as_json:
        click.echo(_json(find(target)))
    else:
        _show_entry(find(target))


def _with_catalogue(info: ModelInfo, file: Path) -> ModelInfo:
    """`info` with what the catalogue knows of a published file that carries no contract."""
    if info.contract != "signature":
        return info
    size = file.stat().st_size
    entry = next((e for e in entries() if e.size == size and e.sha256 == sha256_of(file)), None)
    if entry is None:
        return info
    accuracy = {} if entry.accuracy is None else {"top-1": entry.accuracy.top1}
    return replace(info, licence=entry.licence, source=entry.origin, accuracy=accuracy)


def _show_file(file: Path, as_json: bool) -> None:
    from movinet.models import read_info
    from movinet.models.weightsfile import is_safetensors, read_weights_file

    if is_safetensors(file):
        said = read_weights_file(file)
        if as_json:
            click.echo(json.dumps({"name": file.stem, **said.to_dict()}, ensure_ascii=False))
        else:
            from movinet.outputs.modelinfo import print_weights

            print_weights(file.stem, said)
        return

    info = _with_catalogue(read_info(file), file)
    if as_json:
        click.echo(json.dumps(info.to_dict(), ensure_ascii=False))
        return
    from movinet.outputs.modelinfo import print_info

    print_info(info)


def _show_entry(entry: CatalogueEntry) -> None:
    where = cached(entry)
    first = recorded_sha256(entry) if where else None
    accuracy = entry.accuracy
    known = {
        "name": entry.name,
        "variant": entry.variant,
        "form": entry.form,
        "data": entry.data,
        "kind": entry.kind,
        "precision": entry.precision,
        "labels": entry.labels,
        "top-1": f"{accuracy.top1:.2f} %" if accuracy else None,
        "top-5": f"{accuracy.top5:.2f} %" if accuracy and accuracy.top5 else None,
        "measured": accuracy.protocol if accuracy else None,
        "size": f"{entry.size} bytes" if entry.size else _size(entry),
        "sha256": entry.sha256,
        "git blob": entry.git_blob,
        "hash": None if entry.verified else "unverified: no hash is published",
        "first download": first and f"sha256 {first}",
        "licence": entry.licence,
        "origin": entry.origin,
        "address": entry.url,
        "file name": entry.filename,
        "in the cache": str(where) if where else "no",
        "note": entry.note,
    }
    width = max(map(len, known)) + 2
    for key, value in known.items():
        if value:
            click.echo(f"{key:<{width}}{value}")


def _json(entry: CatalogueEntry) -> str:
    where = cached(entry)
    fields: dict[str, Any] = {**entry.to_dict(), "cached": str(where) if where else None}
    return json.dumps(fields, ensure_ascii=False)


def _size(entry: CatalogueEntry) -> str:
    """Return the size in megabytes; `~` marks one that a page lists and nobody measured."""
    if entry.size is not None:
        return f"{entry.size / 1e6:.2g} MB" if entry.size >= 1e5 else f"{entry.size / 1e3:.2g} kB"
    return f"~{entry.listed_mb:g} MB" if entry.listed_mb is not None else ""


def _hash_kind(entry: CatalogueEntry) -> str:
    if entry.sha256 is not None:
        return "sha256"
    return "git blob" if entry.git_blob is not None else "unverified"


def _console() -> Console:
    from rich.console import Console

    # Addresses and file names are printed as they stand, and a pipe gets lines that are whole.
    plain = Console(markup=False, emoji=False, highlight=False)
    if not plain.is_terminal:
        plain.width = 1000
    return plain
