"""`read_cameras`: cameras from a TOML file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from movinet.errors import UsageError
from movinet.live.camera import Camera, Region, without_password
from movinet.stream import EventOptions

_EVENT_KEYS = {field.name for field in fields(EventOptions)} - {"memory"}
_KEYS = {"name", "source", "region", "realtime", "loop", "on_event", *_EVENT_KEYS}
_TABLE = re.compile(r"^[ \t]*\[\[\s*[\"']?camera[\"']?\s*\]\]", re.MULTILINE)


def read_cameras(path: str | Path, events: EventOptions) -> list[Camera]:
    """The cameras that a file lists, each in its own `[[camera]]`.

    Args:
        path: a TOML file.
        events: what an event is where a camera does not say it.

    Raises:
        UsageError: when it cannot be read or used; names the file, the line, and what to do.
    """
    try:
        text = Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {path}: it is no UTF-8 text") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    tables = content.get("camera")
    unknown = sorted(content.keys() - {"camera"})
    if unknown:
        line = _line(text, 0, unknown[0])
        raise UsageError(f"{path}, line {line}: unknown {unknown[0]!r}: use [[camera]] tables")
    lists = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if not tables or not lists:
        where = f"{path}, line {_line(text, 0, 'camera')}" if content else f"cannot read {path}"
        raise UsageError(f"{where}: it has no [[camera]]; begin each camera with that")
    return [_camera(path, text, number, table, events) for number, table in enumerate(tables)]


def _camera(
    path: str | Path, text: str, number: int, table: dict[str, Any], events: EventOptions
) -> Camera:
    def place(key: str | None) -> str:
        return f"{path}, line {_line(text, number + 1, key)}"

    def wrong(key: str | None, what: str) -> UsageError:
        return UsageError(f"{place(key)}: {what}")

    for key, value in table.items():
        if key not in _KEYS:
            raise wrong(key, f"unknown {key!r}: use some of {', '.join(sorted(_KEYS))}")
        expected = _expected(key, value)
        if expected:
            raise wrong(key, f"{key} must be {expected}")
    if not table.get("source"):
        raise wrong(None, "the camera has no source: add source = 'camera:0' or an address")
    changes = {key: table[key] for key in _EVENT_KEYS & table.keys()}
    if "background" in changes:
        changes["background"] = tuple(changes["background"])
    if "off" not in changes and changes.get("on", 1) < (events.off or 0):
        changes["off"] = None  # as low as `on`
    places = {key: place(key) for key in table}
    places.setdefault("name", places["source"])
    at = next(iter(changes), "source")
    try:
        own = replace(events, **changes) if changes else None
        at = "region"
        region = Region(*map(float, table[at])) if at in table else None
        at = "source"
        return Camera(
            name=table.get("name") or without_password(table["source"]),
            source=table["source"],
            region=region,
            realtime=table.get("realtime", False),
            loop=table.get("loop", False),
            events=own,
            on_event=table.get("on_event"),
            places=places,
        )
    except UsageError as error:
        # What is wrong with events begins with its name, and with "-" for "_".
        at = next((key for key in changes if str(error).replace("-", "_").startswith(key)), at)
        raise wrong(at, str(error)) from error


def _expected(key: str, value: object) -> str | None:
    """What a value should be, in words; None when it is."""
    if key in ("name", "source", "on_event"):
        return None if isinstance(value, str) and value else "a text"
    if key in ("realtime", "loop"):
        return None if isinstance(value, bool) else "true or false"
    if key == "background":
        texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
        return None if texts else "a list of labels"
    if key == "region":
        four = isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))
        return None if four else "[left, top, width, height] in parts of the picture, 0 to 1"
    return None if _is_number(value) else "a number"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _line(text: str, table: int, key: str | None) -> int:
    """The line that `key` is on in the camera of that number, 1 for the first; 0: before all."""
    starts = [0, *(match.start() for match in _TABLE.finditer(text))]
    begin = starts[table] if table < len(starts) else 0
    at = begin
    if key is not None:
        # At the beginning of a line, in its brackets or in those of a table within one line.
        before = r"(?:^\s*(?:\[+\s*(?:camera\s*\.\s*)?)?|[{,]\s*)"
        found = re.compile(rf"{before}[\"']?{re.escape(key)}[\"']?\s*[=.\]]", re.MULTILINE)
        match = found.search(text, begin)
        at = begin if match is None else match.end()
    return text.count("\n", 0, at) + 1
