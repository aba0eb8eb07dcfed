"""Folders of tiny clips."""

from __future__ import annotations

import pytest

from frames.videos import write_video
from kit.threads import one_thread  # noqa: F401 (used by every test)
from movinet.datasets.cache import cache_clips
from movinet.datasets.dataset import read_dataset


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Two classes: three clips of `up` and two of `down`, of 10, 20, 30, 5 and 15 pictures."""
    place = tmp_path_factory.mktemp("clips")
    lengths = {"up/a": 10, "up/b": 20, "up/c": 30, "down/d": 5, "down/e": 15}
    for number, (name, length) in enumerate(lengths.items()):
        path = place / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        write_video(path, range(number * 40, number * 40 + length), rate=10)
    return place


@pytest.fixture(scope="session")
def cached(folder, tmp_path_factory):
    """The clips of `folder` at 10 pictures a second, 40 pixels."""
    place = tmp_path_factory.mktemp("cache")
    return cache_clips(read_dataset(folder), fps=10, size=40, folder=place, workers=1)
