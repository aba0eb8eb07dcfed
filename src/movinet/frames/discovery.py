"""Which files a person means: folders, globs, and what counts as a video or an image."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

VIDEO_SUFFIXES = frozenset(
    (
        ".3gp",
        ".asf",
        ".avi",
        ".flv",
        ".gif",
        ".h264",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".ogv",
        ".ts",
        ".vob",
        ".webm",
        ".wmv",
        ".y4m",
    )
)
IMAGE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"))


def is_video(path: str | Path) -> bool:
    """Whether the name ends as videos' names do."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def is_image(path: str | Path) -> bool:
    """Whether the name ends as images' names do."""
    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def has_magic(text: str) -> bool:
    """Whether `text` is a pattern rather than a name."""
    return any(letter in text for letter in "*?[")


def natural_order(names: Iterable[str]) -> list[str]:
    """Sorted as people count: frame2 before frame10."""

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = re.split(r"(\d+)", name)
        return [(1, int(p), p) if p.isdecimal() else (0, 0, p) for p in parts]

    return sorted(names, key=key)


def _is_file(path: str) -> bool:
    """Whether it is a regular file, or a link to one: to open a pipe would wait for ever.

    Also what cannot be looked at is taken for one, so that it is said what is wrong with it.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (text as given)
    except OSError:
        return True


def images_in(folder: str) -> list[str]:
    """The images that lie directly in a folder, in natural order; none when videos lie there."""
    names = [entry.path for entry in os.scandir(folder) if _is_file(entry.path)]
    if any(is_video(name) for name in names):
        return []
    return natural_order(name for name in names if is_image(name))


def find_videos(folder: str, failed: Callable[[OSError], None] | None = None) -> list[str]:
    """The videos in a folder and the folders in it, in natural order; hidden ones left out.

    Args:
        folder: where to look.
        failed: called for each folder in it that cannot be listed; None: those are left out.

    Raises:
        OSError: when the folder cannot be listed.
    """
    os.scandir(folder).close()  # os.walk does not raise this error
    found: list[str] = []
    for place, folders, files in os.walk(folder, onerror=failed):
        folders[:] = natural_order(name for name in folders if not name.startswith("."))
        names = natural_order(n for n in files if not n.startswith(".") and is_video(n))
        paths = [os.path.join(place, name) for name in names]  # noqa: PTH118 (text as given)
        found += filter(_is_file, paths)
    return found


def expand(pattern: str) -> list[str]:
    """The files that a glob names, in natural order; `**` goes into folders."""
    return natural_order(glob.glob(pattern, recursive=True))  # noqa: PTH207 (text as given)
