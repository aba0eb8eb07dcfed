"""The page and the models as files: served by the table, and exported."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from starlette.requests import Request

from movinet.errors import OutputError, UsageError
from movinet.models import read_info
from movinet.web import exporting, page
from movinet.web.served import Served


def test_models(server, model, info):
    status, headers, body = server.get("/models.json")
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "models": [
            {
                "name": "model",
                "file": "models/model.tflite",
                "bytes": model.stat().st_size,
                "contract": json.loads(json.dumps(info.to_dict())),
                "contains": "3 actions",
                "drawn": False,
            }
        ],
        "server": True,
    }
    assert server.get("/v1/models")[2] == body


def test_a_model_file(server, model):
    status, headers, body = server.get("/models/model.tflite")
    assert status == 200
    assert body == model.read_bytes()
    assert headers["content-type"] == "application/octet-stream"
    assert headers["cache-control"] == "no-cache"
    tag = headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}"):
        assert server.get("/models/model.tflite", If_None_Match=known)[::2] == (304, b"")
    assert server.get("/models/model.tflite", If_None_Match='"other"')[0] == 200


def test_health(server):
    assert server.get("/healthz")[0] == 200
    assert server.streams() == 0


def test_what_every_answer_says(server):
    for path in ("/", "/models.json", "/nothing", "/v1/classify"):
        headers = server.get(path)[1]
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval';" in policy
        assert "unsafe-inline" not in policy
        assert headers["access-control-allow-origin"] is None
        assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/models/../../pyproject.toml",
        "/models/",
        "//etc/passwd",
        "/models/model.tflite/..",
        "/index.html%00.js",
    ],
)
def test_nothing_else(server, path):
    with server.socket() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 404")


def test_get_is_no_post(server):
    status, headers, _ = server.get("/v1/classify")
    assert (status, headers["allow"]) == (405, "POST")


def test_a_page_that_is_not_built(tmp_path):
    assert page.page_files(tmp_path) == {}
    scope = {"type": "http", "method": "GET", "headers": [], "path_params": {"name": ""}}
    response = asyncio.run(page.Files({}).answer(Request(scope)))
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert b"make page" in response.body
    # It must be readable under its own rules: no style, no script.
    assert not re.search(rb"<(style|script)|style=", response.body)


@pytest.fixture
def static(tmp_path, monkeypatch):
    """A page, as if it were built."""
    folder = tmp_path / "static"
    (folder / "wasm").mkdir(parents=True)
    for name in ("index.html", "page.js", "style.css", "manifest.webmanifest", "icon.svg"):
        (folder / name).write_text(name)
    (folder / "wasm" / "litert.wasm").write_bytes(b"\0asm")
    monkeypatch.setattr(exporting, "STATIC", folder)
    return folder


def served(path) -> Served:
    return Served("model", path, read_info(path))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("icon.svg", "image/svg+xml"),
        ("wasm/litert.wasm", "application/wasm"),
    ],
)
def test_types(static, name, kind):
    files = page.Files(page.page_files(static))
    scope = {"type": "http", "method": "GET", "headers": [], "path_params": {"name": name}}
    response = asyncio.run(files.answer(Request(scope)))
    assert response.status_code == 200
    assert response.headers["content-type"] == kind


def test_export(static, model, tmp_path):
    folder = tmp_path / "public"
    size = exporting.export_page([served(model)], folder)
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {*page.page_files(static), "models.json", "models/model.tflite"}
    assert size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    told = json.loads((folder / "models.json").read_text())
    assert told["server"] is False
    assert (folder / told["models"][0]["file"]).read_bytes() == model.read_bytes()
    # Again, over itself: what is no longer in it is gone.
    (folder / "old.js").write_text("old")
    (static / "page.js").write_text("new")
    exporting.export_page([served(model)], folder)
    assert (folder / "page.js").read_text() == "new"
    assert not (folder / "old.js").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_an_export_leaves_alone(static, model, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    for other in (folder, folder / "letter.txt"):
        with pytest.raises(UsageError, match="mine"):
            exporting.export_page([served(model)], other)
    assert (folder / "letter.txt").read_text() == "dear"
    (folder / "letter.txt").unlink()
    exporting.export_page([served(model)], folder)  # an empty one is fine


def test_an_export_into_a_link(static, model, tmp_path):
    link, place = tmp_path / "public", tmp_path / "disk" / "page"
    link.symlink_to(place)
    for _ in range(2):  # where nothing is yet, and over an earlier one
        exporting.export_page([served(model)], link)
        assert link.is_symlink()
        assert (place / "index.html").is_file()
        assert [path.name for path in place.parent.iterdir()] == ["page"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "public", "static"]
    link.unlink()
    link.symlink_to(link)
    with pytest.raises((UsageError, OutputError), match="public"):
        exporting.export_page([served(model)], link)


def test_an_export_without_a_page(model, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "STATIC", tmp_path / "none")
    with pytest.raises(UsageError, match="run 'make page'"):
        exporting.export_page([served(model)], tmp_path / "public")
    assert not (tmp_path / "public").exists()
