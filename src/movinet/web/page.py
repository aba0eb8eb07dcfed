"""The page and the models as files."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

STATIC = Path(__file__).with_name("static")
# What a system's own table of types may not know, or know otherwise.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".tflite": "application/octet-stream",
}
NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>movinet</title>
<h1>movinet is running</h1>
<p>The page has not been built. In the folder of the source, run <code>make page</code> (it needs
Node.js), and start <code>movinet serve</code> again.</p>
<p>Programs can use the server as it is: see <a href="v1/models">v1/models</a> and
<code>docs/serve.md</code>.</p>
</html>
"""


def page_files(folder: Path = STATIC) -> dict[str, Path]:
    """The files of the page, by their address; empty when it has not been built."""
    if not (folder / "index.html").is_file():
        return {}
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Files:
    """Answers with the files of a table, and no others: no address leads out of it."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    async def answer(self, request: Request) -> Response:
        """The file, or that the client has it already."""
        name = request.path_params.get("name") or "index.html"
        path = self._files.get(name)
        if path is None or not path.is_file():
            if name == "index.html":
                return HTMLResponse(NOT_BUILT)
            return JSONResponse({"error": "there is no such file"}, 404)
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        # Kept, but asked about each time: what is new must be seen at once.
        headers = {"cache-control": "no-cache"}
        response = FileResponse(path, headers=headers, media_type=kind, stat_result=path.stat())
        tag = response.headers["etag"]
        known = request.headers.get("if-none-match", "")
        if tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
            return Response(status_code=304, headers={**headers, "etag": tag})
        return response
