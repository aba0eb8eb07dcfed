"""Bringing one file over the network into a `.part` file: patient, and resumed where it can be."""

from __future__ import annotations

import json
import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movinet.errors import DownloadError

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


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file that goes with `path`, for example NAME.lock."""
    return path.with_name(f"{path.name}.{suffix}")


def discard(part: Path) -> None:
    """Remove an unfinished download and what is known of it."""
    for file in (part, part.with_suffix(".resume"), part.with_suffix(".unpacked")):
        file.unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Write a small file so that nobody ever reads half of it."""
    fresh = beside(path, "new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def transfer(entry: CatalogueEntry, url: str, part: Path, progress: Progress) -> None:
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
            discard(part)
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
    write(part.with_suffix(".resume"), json.dumps(known))


def _continued(response: HTTPResponse, part: Path, have: int, total: int | None) -> int | None:
    """Return the bytes in all, if this partial answer goes on exactly where `part` ends."""
    stated = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", stated.strip())
    if match and have and int(match[1]) == have and match[2] in {"*", str(total or match[2])}:
        return total if match[2] == "*" else int(match[2])
    discard(part)
    raise _BrokenError(f"the server sent another part than asked for ({stated or 'unknown'})")


def _read(response: HTTPResponse) -> bytes:
    """Return the next bytes, none at the end; what fails here is the network, not the disk."""
    from http.client import HTTPException

    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException) as error:
        raise _BrokenError(f"the connection broke ({error or type(error).__name__})") from error
