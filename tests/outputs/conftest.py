from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from kit.tiny_model import TINY
from kit.tracks import track_of
from movinet.models import read_info
from movinet.stream import Prediction, Summary


@pytest.fixture(scope="session")
def info(tmp_path_factory):
    """A contract with labels that are hard to write."""
    path = TINY.write(tmp_path_factory.mktemp("model") / "tiny.tflite")
    labels = ("walking", 'hand, "quoted"', "달리기 🏃", "=1+1; [red]x[/red]")
    return replace(read_info(path), labels=labels)


@pytest.fixture(scope="session")
def prediction(info):
    """A third of a second after the beginning."""
    scores = np.float32([0.1, 0.2, 0.3, 0.4])
    return Prediction(Fraction(1, 3), 1, scores, info, np.float32([1, 2, 3]))


@pytest.fixture(scope="session")
def summary(info):
    """Of ten frames in 2.5 seconds."""
    return Summary(
        scores=np.float32([0.1, 0.2, 1 / 3, 0.4]),
        frames=10,
        duration=Fraction(5, 2),
        damaged_packets=2,
        mended_times=1,
        ended_early=None,
        info=info,
        embedding=np.float32([4, 5, 6]),
    )


@pytest.fixture
def track(info):
    """One event, of labels that every font has."""
    plain = replace(info, labels=("walking", "running", "sitting", "standing"))
    return track_of(plain, 10, [(0, 0.5, 1.0)])
