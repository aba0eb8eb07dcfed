"""Where downloaded files lie, and what the environment says about fetching them.

`MOVINET_CACHE` is a folder, `MOVINET_OFFLINE` (1, true, yes) forbids the network, `MOVINET_MIRROR`
is a base URL or a folder that is asked instead of the published addresses. An empty variable
counts as one that is not set.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder for downloaded files; it need not exist yet."""
    chosen = os.environ.get("MOVINET_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "movinet" / "cache"
    elif sys.platform == "darwin":  # noqa: RET505 - type checkers know platforms by elif
        return Path.home() / "Library" / "Caches" / "movinet"
    else:
        xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
        # The XDG rules say that a relative path there is to be ignored.
        return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "movinet"


def offline() -> bool:
    """Return whether the environment forbids the network."""
    return os.environ.get("MOVINET_OFFLINE", "").strip().lower() in {"1", "true", "yes"}


def mirror() -> str | Path | None:
    """Return the mirror: a base URL (a string, without its last slash), a folder, or None."""
    chosen = os.environ.get("MOVINET_MIRROR")
    if not chosen:
        return None
    if chosen.lower().startswith(("http://", "https://")):
        return chosen.rstrip("/")
    return Path(chosen).expanduser()
