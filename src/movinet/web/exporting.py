"""`export_page`: the page with its models, as plain files for any HTTPS host."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from movinet.errors import OutputError, UsageError
from movinet.web.page import STATIC, page_files
from movinet.web.served import Served, models_record


def export_page(models: Sequence[Served], folder: Path) -> int:
    """Write it, all or nothing; gives the bytes.

    It is written beside and renamed, so that nobody is served half of it.

    Raises:
        UsageError: the page has not been built, or the folder has something else in it.
        OutputError: it cannot be written.
    """
    files = page_files(STATIC)
    if not files:
        raise UsageError("the page has not been built: run 'make page' in the folder of the source")
    try:
        folder = folder.resolve()  # what is renamed must not be a link to it
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise UsageError(f"cannot write {folder}: it leads nowhere") from error
    _check(folder)
    beside = folder.with_name(f".{folder.name}.part")
    before = folder.with_name(f".{folder.name}.before")
    try:
        for rest in (beside, before):
            if rest.exists():
                shutil.rmtree(rest)
        for name, path in files.items():
            target = beside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (beside / "models").mkdir(exist_ok=True)
        for model in models:
            shutil.copyfile(model.path, beside / model.file)
        record = json.dumps(models_record(models, server=False))
        (beside / "models.json").write_text(record, "utf-8")
        size = sum(path.stat().st_size for path in beside.rglob("*") if path.is_file())
        if folder.exists():
            folder.rename(before)
        beside.rename(folder)
        if before.exists():
            shutil.rmtree(before)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    return size


def _check(folder: Path) -> None:
    """Nobody's files are to be lost."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"cannot write {folder}: it is a file")
    if not any(folder.iterdir()):
        return
    try:
        exported = json.loads((folder / "models.json").read_text("utf-8"))["server"] is False
    except (OSError, ValueError, KeyError, TypeError):
        exported = False
    if not (exported and (folder / "index.html").is_file()):
        raise UsageError(f"{folder} is not empty, and no earlier export: name another folder")
