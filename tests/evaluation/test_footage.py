"""The video that the benchmark writes itself, and what its frames cost."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest

from kit.tiny_model import TINY
from movinet.errors import SourceError
from movinet.evaluation.footage import Footage, synthetic_footage, write_synthetic
from movinet.frames import open_source
from movinet.models import read_info


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    return read_info(TINY.write(tmp_path_factory.mktemp("tiny") / "tiny.tflite"))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("footage") / "video.mp4"
    write_synthetic(path)
    return path


def test_it_is_four_seconds_of_moving_pictures(video):
    with open_source(video) as source:
        images = [frame.image for frame in source]
    assert len(images) == 100
    assert {image.shape for image in images} == {(360, 640, 3)}
    assert all((a != b).any() for a, b in itertools.pairwise(images))


def test_costs_and_images(video, info):
    footage = Footage(str(video), "a video")
    cost = footage.cost(info)
    assert 0 < cost.resize < 0.1
    # Of five frames that are decoded the model is given one: fewer a second cost more each.
    assert footage.cost(replace(info, fps=Fraction(25))).decode < cost.decode < 1
    images = footage.images(info)
    assert {image.shape for image in images} == {(8, 4, 3)}
    assert len({image.tobytes() for image in images}) == len(images) > 2


def test_it_is_gone_afterwards(info):
    with synthetic_footage() as footage:
        footage.check()
        assert "640x360" in footage.description
    with pytest.raises(SourceError, match="no such file"):
        footage.check()
    with pytest.raises(SourceError, match="no such file"):
        footage.cost(info)
