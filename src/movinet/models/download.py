"""Fetching a published file: once, whole, and checked before its name appears in the cache.

NAME.lock    held by the process that fetches; the others wait, then find the file
NAME.part    what has come so far; it stays after a broken connection or Ctrl-C
NAME.resume  what is needed to go on with it: address, validator, total bytes
NAME.sha256  for a file without a published hash: the hash of its first download
NAME         the file, whole and checked
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movinet.errors import DownloadError
from movinet.models.cache import cache_dir, mirror, offline
from movinet.models.lock import locked

if TYPE_CHECKING:
    import urllib.request
    from collections.abc import Callable
    from http.client import HTTPResponse

    from movinet.models.catalogue import CatalogueEntry

    Progress = Callable[[int, int | None], None]

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 30.0  # seconds without a byte
RETRY_DELAYS = (0.5, 1.0, 2.0)  # seconds before each further attempt
CHUNK = 1 << 18  # bytes


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
        words = _beside(cache_dir() / entry.filename, "sha256").read_text("utf-8").split()
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
        with locked(_beside(path, "lock")):
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


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


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
    part = _beside(path, "part")
    if isinstance(source, Path):
        _copy(entry, source, part, progress)
    else:
        _transfer(entry, source, part, progress)
    try:
        whole = _unpacked(entry, part)
        _check(entry, whole, source)
    except DownloadError:
        _discard(part)
        raise
    with whole.open("rb+") as file:
        os.fsync(file.fileno())  # or a power cut may leave the name without the content
    whole.replace(path)
    _discard(part)


def _discard(part: Path) -> None:
    for file in (part, part.with_suffix(".resume"), part.with_suffix(".unpacked")):
        file.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """Write a small file so that nobody ever reads half of it."""
    fresh = _beside(path, "new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def _copy(entry: CatalogueEntry, source: Path, part: Path, progress: Progress) -> None:
    """Copy `source`, a file of a mirror, to `part`."""
    try:
        file = source.open("rb")
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(f"cannot get {entry.name} from mirror: {source}: {reason}") from error
    _discard(part)  # a half copy must not pass for a half download
    with file, part.open("wb") as out:
        total = os.fstat(file.fileno()).st_size
        while chunk := file.read(CHUNK):
            out.write(chunk)
            progress(out.tell(), total)


# ---- over the network --------------------------------------------------------------------------


class _BrokenError(Exception):
    """An attempt failed in a way that another one may mend."""


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that is quick to give up connecting and patient while reading."""
    # Imported here, as everywhere below: a run that downloads nothing must not pay for it.
    import http.client
    import ssl
    import urllib.request

    class Http(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(READ_TIMEOUT)

    class Https(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(READ_TIMEOUT)

    class HttpHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> HTTPResponse:
            return self.do_open(Http, req)

    class HttpsHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> HTTPResponse:
            return self.do_open(Https, req, context=ssl.create_default_context())

    return urllib.request.build_opener(HttpHandler, HttpsHandler)


def _transfer(entry: CatalogueEntry, url: str, part: Path, progress: Progress) -> None:
    """Download `url` to `part`, going on with what is there if that is certain to be right."""
    for delay in (0.0, *RETRY_DELAYS):
        time.sleep(delay)
        try:
            _attempt(entry, url, part, progress)
        except _BrokenError as error:
            reason = error
        else:
            return
    done = part.stat().st_size if part.exists() else 0
    total = _resume(part, url).get("total")
    raise DownloadError(
        f"cannot get {entry.name}: {reason}; {done} of {total or 'an unknown number of'} bytes "
        f"of {url} are here, ask again to go on"
    )


def _resume(part: Path, url: str) -> dict[str, Any]:
    """Return what is known of the unfinished download `part` of `url`, empty if nothing is."""
    try:
        known = json.loads(part.with_suffix(".resume").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) and known.get("url") == url else {}


def _attempt(entry: CatalogueEntry, url: str, part: Path, progress: Progress) -> None:
    """Ask for `url` once, from where `part` ends."""
    known = _resume(part, url)
    validator, total = known.get("validator"), known.get("total")
    have = part.stat().st_size if part.exists() else 0
    # Without a validator or a published hash nothing would tell that the file changed meanwhile.
    if not (validator or (known and entry.verified)):
        have = 0
    if have and have == total:
        return
    headers = {"User-Agent": "movinet"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator
    with _opened(entry, url, part, headers) as response:
        if response.status == 206:
            total = _continued(response, part, have, total)
        else:
            have, total = 0, response.length or None
            _begin(response, part, url, total)
        with part.open("ab") as out:
            progress(have, total)
            while total is None or have < total:
                chunk = _read(response)
                if not chunk:
                    break
                out.write(chunk)
                have += len(chunk)
                progress(have, total)
    if total is not None and have < total:
        raise _BrokenError("the connection broke")


def _opened(entry: CatalogueEntry, url: str, part: Path, headers: dict[str, str]) -> HTTPResponse:
    """Return the answer to a request for `url`: 200, or 206 for a part."""
    import socket
    import ssl
    from http.client import HTTPException, InvalidURL
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    note = f" ({entry.note})" if entry.note else ""
    try:
        request = Request(url, headers=headers)
        response: HTTPResponse = _opener().open(request, timeout=CONNECT_TIMEOUT)
    except HTTPError as error:
        error.close()
        # Of a redirect that leads in a circle the library has three lines to say.
        answer = f"{url} answered {error.code} {' '.join(str(error.reason).split())}"
        if error.code == 416:  # what is here is longer than the file: it changed
            _discard(part)
        if error.code in {408, 416, 429} or error.code >= 500:
            raise _BrokenError(answer) from error
        raise DownloadError(f"cannot get {entry.name}: {answer}{note}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        final = (socket.gaierror, ConnectionRefusedError, ssl.SSLCertVerificationError)
        if isinstance(reason, (*final, InvalidURL, ValueError)):  # asking again would not help
            raise DownloadError(f"cannot get {entry.name}: {url}: {reason}{note}") from error
        raise _BrokenError(str(reason) or type(reason).__name__) from error
    if response.status not in {200, 206}:
        response.close()
        answer = f"{url} answered {response.status} {response.reason}"
        raise DownloadError(f"cannot get {entry.name}: {answer}{note}")
    return response


def _begin(response: HTTPResponse, part: Path, url: str, total: int | None) -> None:
    """Empty `part`, then note how to go on with what will be in it."""
    part.write_bytes(b"")
    etag = response.headers.get("ETag", "")
    # A weak tag does not promise the same bytes, so it must not be used to go on.
    strong = etag if etag and not etag.startswith("W/") else None
    validator = strong or response.headers.get("Last-Modified")
    known = {"url": url, "validator": validator, "total": total}
    _write(part.with_suffix(".resume"), json.dumps(known))


def _continued(response: HTTPResponse, part: Path, have: int, total: int | None) -> int | None:
    """Return the bytes in all, if this partial answer goes on exactly where `part` ends."""
    stated = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", stated.strip())
    if match and have and int(match[1]) == have and match[2] in {"*", str(total or match[2])}:
        return total if match[2] == "*" else int(match[2])
    _discard(part)
    raise _BrokenError(f"the server sent another part than asked for ({stated or 'unknown'})")


def _read(response: HTTPResponse) -> bytes:
    """Return the next bytes, none at the end; what fails here is the network, not the disk."""
    from http.client import HTTPException

    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException) as error:
        raise _BrokenError(f"the connection broke ({error or type(error).__name__})") from error


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
    record = _beside(cache_dir() / entry.filename, "sha256")
    if recorded is None:
        _write(record, f"{found}  {entry.filename}\n")  # the format of sha256sum
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
