"""Fetching a published file: once, whole, and checked before its name appears in the cache.

NAME.lock    held by the process that fetches; the others wait, then find the file
NAME.part    what has come so far; it stays after a broken connection or Ctrl-C
NAME.resume  what is needed to go on with it: address, validator, total bytes
NAME.sha256  for a file without a published hash: the hash of its first download
NAME         the file, whole and checked
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from movinet.errors import DownloadError
from movinet.models.cache import cache_dir, mirror, offline
from movinet.models.lock import locked
from movinet.models.transfer import CHUNK, beside, discard, transfer, write

if TYPE_CHECKING:
    from movinet.models.catalogue import CatalogueEntry
    from movinet.models.transfer import Progress


def cached(entry: CatalogueEntry) -> Path | None:
    """Return where `entry` lies in the cache, or None. A file there was checked as it came."""
    path = cache_dir() / entry.filename
    try:
        return path if path.is_file() else None
    except OSError:  # a folder that may not be looked into
        return None


def recorded_sha256(entry: CatalogueEntry) -> str | None:
    """Return the hash that was kept of the first download of an unverified `entry`, or None."""
    try:
        words = beside(cache_dir() / entry.filename, "sha256").read_text("utf-8").split()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return words[0] if words else None


def fetch(entry: CatalogueEntry, *, progress: Progress | None = None) -> Path:
    """Return where `entry` lies in the cache, after downloading it if it is not there yet.

    Two processes may ask at once: one downloads, the other waits. What a broken connection or
    Ctrl-C leaves behind is gone on with at the next call. `progress` is called with the bytes
    that are here and the bytes in all (None while unknown).

    Raises:
        DownloadError: the file cannot be had, is not what it should be, or cannot be stored.
    """
    path = cache_dir() / entry.filename
    if cached(entry):
        return path
    source = _source(entry, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(beside(path, "lock")):
            if not cached(entry):  # another process may have fetched it while this one waited
                _bring(entry, source, path, progress or (lambda done, total: None))
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(f"cannot store {entry.name} in {path.parent}: {reason}") from error
    return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _source(entry: CatalogueEntry, path: Path) -> str | Path:
    """Return the address to ask for `entry`: a URL, or a file of a mirror that is a folder."""
    place = mirror()
    if isinstance(place, Path):
        return place / entry.filename
    if offline():
        raise DownloadError(
            f"cannot get {entry.name} offline: {path} does not exist; put the file there, "
            "name a folder that has it in MOVINET_MIRROR, or unset MOVINET_OFFLINE"
        )
    if place is None:
        return entry.url
    from urllib.parse import quote

    return f"{place}/{quote(entry.filename)}"


def _bring(entry: CatalogueEntry, source: str | Path, path: Path, progress: Progress) -> None:
    """Bring `entry` from `source` to `path`, which nobody else writes to now."""
    part = beside(path, "part")
    if isinstance(source, Path):
        _copy(entry, source, part, progress)
    else:
        transfer(entry, source, part, progress)
    try:
        whole = _unpacked(entry, part)
        _check(entry, whole, source)
    except DownloadError:
        discard(part)
        raise
    with whole.open("rb+") as file:
        os.fsync(file.fileno())  # or a power cut may leave the name without the content
    whole.replace(path)
    discard(part)


def _copy(entry: CatalogueEntry, source: Path, part: Path, progress: Progress) -> None:
    """Copy `source`, a file of a mirror, to `part`."""
    try:
        file = source.open("rb")
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(f"cannot get {entry.name} from mirror: {source}: {reason}") from error
    discard(part)  # a half copy must not pass for a half download
    with file, part.open("wb") as out:
        total = os.fstat(file.fileno()).st_size
        while chunk := file.read(CHUNK):
            out.write(chunk)
            progress(out.tell(), total)


# ---- is it the right file? ---------------------------------------------------------------------


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _unpacked(entry: CatalogueEntry, part: Path) -> Path:
    """Return `part`, or the one model file inside if a .tflite came as a .tar.gz (as on Kaggle)."""
    if entry.kind != "tflite" or not _head(part).startswith(b"\x1f\x8b"):
        return part
    import gzip
    import shutil
    import tarfile
    import zlib

    unpacked = part.with_suffix(".unpacked")
    try:
        with gzip.open(part) as stream, tarfile.open(fileobj=stream) as archive:
            members = [m for m in archive if m.isfile() and m.name.endswith(".tflite")]
            # Only the bytes are taken, never the member's own path, links or mode.
            model = archive.extractfile(members[0]) if len(members) == 1 else None
            if model is None:
                raise DownloadError(
                    f"cannot get {entry.name}: an archive with {len(members)} .tflite files came"
                )
            with model, unpacked.open("wb") as out:
                shutil.copyfileobj(model, out, CHUNK)
            while stream.read(CHUNK):  # gzip checks its sum at its very end
                pass
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DownloadError(f"cannot get {entry.name}: a damaged archive came") from error
    return unpacked


def _check(entry: CatalogueEntry, whole: Path, source: str | Path) -> None:
    """Make sure that `whole` is `entry`; keep the hash of the first download if none is known.

    Raises:
        DownloadError: it is not; both sizes or hashes are named.
    """
    if entry.size is not None:
        _compare(entry, source, "size in bytes", whole.stat().st_size, entry.size)
    if entry.git_blob is not None:
        _compare(entry, source, "git blob id", _git_blob(whole), entry.git_blob)
    if entry.sha256 is not None:
        _compare(entry, source, "sha256", sha256_of(whole), entry.sha256)
    if entry.verified:
        return
    _check_kind(entry, whole, source)
    found, recorded = sha256_of(whole), recorded_sha256(entry)
    record = beside(cache_dir() / entry.filename, "sha256")
    if recorded is None:
        write(record, f"{found}  {entry.filename}\n")  # the format of sha256sum
    elif found != recorded:
        raise DownloadError(
            f"{entry.name} from {source} is not what came the first time: its sha256 is {found}, "
            f"that of the first download {recorded}; remove {record} if the change is right"
        )


def _compare(
    entry: CatalogueEntry, source: str | Path, what: str, found: object, right: object
) -> None:
    if found != right:
        raise DownloadError(
            f"{entry.name} from {source} is not the published file: "
            f"its {what} is {found}, expected {right}"
        )


def _git_blob(path: Path) -> str:
    """Return the id that git gives the content of a file: a sha1 over its size and its bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _check_kind(entry: CatalogueEntry, whole: Path, source: str | Path) -> None:
    """Refuse what cannot be `entry`: without a hash, a login page would pass for a model."""
    head = _head(whole)
    if entry.kind == "tflite":
        right, kind = head[4:8] == b"TFL3", "TFLite model"
    elif entry.filename.endswith(".tar.gz"):
        right, kind = head.startswith(b"\x1f\x8b"), "gzip archive"
    else:
        return
    if not right:
        raise DownloadError(f"{entry.name} from {source} is no {kind} (it begins with {head!r})")
