"""Cuts of films: seen by their colours, and what a stream does then."""

from __future__ import annotations

import numpy as np
import pytest

from kit.tiny_model import TINY
from movinet.stream import EventOptions, load
from movinet.stream.cuts import Cuts
from movinet.synthetic import render_clip


def noise(low: int, high: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (48, 64, 3), np.uint8)


def test_other_colours_are_a_cut_and_motion_is_none():
    cuts = Cuts()
    assert not cuts.between(noise(0, 96))
    assert not cuts.between(np.roll(noise(0, 96), 31, 1))
    assert not cuts.between(noise(0, 96, 1))
    assert cuts.between(noise(160, 256))
    assert not cuts.between(noise(160, 256, 1))


@pytest.mark.parametrize("label", ["cartwheeling", "jogging"])
def test_there_is_none_in_a_clip_and_one_between_two(label):
    first, second = (render_clip(label, seed, size=96) for seed in (3, 4))
    cuts = Cuts()
    seen = [cuts.between(image) for image in [*first, *second]]
    assert seen == [number == len(first) for number in range(len(seen))]


def test_a_stream_with_events_forgets_what_was_before(tmp_path):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(TINY.data)
    film = [np.full((8, 4, 3), level, np.uint8) for level in [20] * 6 + [220] * 6]
    stream = load(path, events=EventOptions()).stream()
    answers = [stream.push(image) for image in film]
    alone = load(path, events=EventOptions()).stream()
    again = [alone.push(image) for image in film[6:]]
    for cut, fresh in zip(answers[6:], again, strict=True):
        np.testing.assert_array_equal(cut.scores, fresh.scores)
    assert [answer.index for answer in answers] == list(range(12))
    assert [answer.memory for answer in answers] == [*range(1, 7), *range(1, 7)]
    assert [answer.time for answer in answers] == [
        answer.index / stream._options.fps for answer in answers
    ]
    assert (stream.cuts, stream.resets) == (1, 0)
    # Without events a stream is what was published, to the bit.
    plain = load(path).stream()
    said = [plain.push(image) for image in film]
    assert plain.cuts == 0
    assert [answer.memory for answer in said] == list(range(1, 13))


def test_a_stream_that_goes_on_elsewhere_sees_the_cut_at_its_first_picture(tmp_path):
    classifier = load(TINY.write(tmp_path / "tiny.tflite"), events=EventOptions())
    here, there = classifier.stream(), classifier.stream()
    for picture in (noise(0, 60, seed) for seed in range(5)):
        here.push(picture)
    there.from_bytes(here.to_bytes())
    assert here.push(noise(180, 255)).memory == there.push(noise(180, 255)).memory == 1
    assert there.cuts == 1
