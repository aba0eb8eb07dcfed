"""What a person means by the inputs of a command: files, folders, globs, cameras, addresses."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from movinet.errors import UsageError
from movinet.frames.discovery import expand, find_videos, has_magic, images_in, is_image, is_video


def find_inputs(
    inputs: Sequence[str], source_fps: float | None, list_file: str | None = None
) -> list[str]:
    """The videos to go through, in order.

    Folders are searched recursively for videos; other files in them are ignored. A folder or glob
    of nothing but images is one video. What cannot be found or listed stays in the list, so that it
    fails when it is opened, as one failed input among others.

    Args:
        inputs: what was named.
        source_fps: frames per second of images.
        list_file: a file with more names, one a line, each taken as it stands; "-": standard input.

    Raises:
        UsageError: when images are given without `source_fps`, or the list cannot be read or names
            nothing.
    """
    videos: list[str] = [] if list_file is None else _listed(list_file)
    for name in inputs:
        # Not pathlib's: those raise where a folder may not be searched or a name is too long.
        if os.path.isdir(name):  # noqa: PTH112
            videos += _folder(name, source_fps)
        elif has_magic(name) and not os.path.exists(name) and "://" not in name:  # noqa: PTH110
            files = expand(name)
            films = [file for file in files if is_video(file)]
            if not films and any(is_image(file) for file in files):
                _need_rate(name, source_fps)
            videos += films or [name]
        else:
            videos.append(name)
    return videos


def _listed(list_file: str) -> list[str]:
    source = "standard input" if list_file == "-" else list_file
    if list_file == "-" and sys.stdin is None:
        raise UsageError("cannot read standard input: it is closed")
    try:
        data = sys.stdin.buffer.read() if list_file == "-" else Path(list_file).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from error
    # A name of a file need not be UTF-8.
    lines = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
    names = [line.removesuffix("\r") for line in lines if line.strip()]
    if not names:
        raise UsageError(f"{source} names no video")
    return names


def _folder(name: str, source_fps: float | None) -> list[str]:
    unread: list[str] = []
    try:
        videos = find_videos(name, lambda error: unread.append(error.filename))
        images = [] if videos else images_in(name)
    except OSError:
        return [name]
    if images:
        _need_rate(name, source_fps)
        videos = [name]
    # A folder that cannot be listed stays in the list, too, and fails as it is opened.
    return videos + unread or [name]


def _need_rate(name: str, source_fps: float | None) -> None:
    if source_fps is None:
        raise UsageError(
            f"{name} holds images, which have no times: say how many there are a second "
            "with --source-fps"
        )
