"""Two actions that anybody can tell apart: brighter and brighter, darker and darker."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from frames.videos import write_video
from kit.networks import small
from kit.threads import one_thread  # noqa: F401 (used by every test)
from movinet.training import Settings
from movinet.training.recipes import RECIPES, Recipe


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """A folder a class, six clips in each, of 6 frames at 2.5 a second."""
    folder = tmp_path_factory.mktemp("clips")
    random = np.random.default_rng(0)
    for label, rising in (("brighter", 1), ("darker", -1)):
        (folder / label).mkdir()
        for number in range(6):
            ramp = np.linspace(40, 200, 6)[::rising] + random.normal(0, 8)
            noise = random.normal(0, 12, (48, 48, 3))
            pictures = [np.clip(level + noise, 0, 255).astype(np.uint8) for level in ramp]
            write_video(
                folder / label / f"{number}.mp4",
                pictures,
                rate=5,
                ticks=[place * 36_000 for place in range(6)],
                size=(48, 48),
            )
    return folder


@pytest.fixture
def net():
    """A small network for pictures of 40x40 pixels."""
    return small("lite", size=(40, 40), seed=2)


@pytest.fixture
def settings(clips):
    """Settings of a short run."""

    def make(recipe: str = "finetune", **options) -> Settings:
        own = {"epochs": 3, "batch": 4} if recipe != "linear" else {}
        known = {field.name for field in dataclasses.fields(Recipe)}
        changes = {name: options.pop(name) for name in known & options.keys()}
        chosen = dataclasses.replace(RECIPES[recipe], **{**own, **changes})
        wanted = {"validation": 0.34, "precision": "dynamic", "frames": 4, **options}
        return Settings(data=str(clips), start="drawn", recipe=chosen, **wanted)

    return make
