"""The official int8 A0 file on the real videos: the right answers."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

import movinet
from kit.real import INT8, LABELS, VIDEOS

LABELLED = {
    "carving_ice_172.mp4": "carving ice",
    "arm_wrestling.mp4": "arm wrestling",
    "cleaning_pool.mp4": "cleaning pool",
    "cleaning_pool_short.mp4": "cleaning pool",
    "flipping_pancake.mkv": "flipping pancake",
    "yoga.mp4": "yoga",
    "playing_bass_guitar.mp4": "playing bass guitar",
    "reading_book.mp4": "reading book",
    "juggling_soccer_ball.mp4": "juggling soccer ball",
    "apply_lipstick.gif": "putting on lipstick",
    "horse_riding.gif": "riding or walking with horse",
}
# The file itself gets these wrong, however its frames are chosen.
BEYOND_THE_FILE = {
    "archery.avi": "archery",
    "crossfit_double_unders_73.mp4": "skipping rope",
    "crossfit_ghd_79.mp4": "situp",
}


@pytest.fixture(scope="module")
def classifier():
    return movinet.load(INT8, labels=LABELS)


def endless(name: str):
    """The frames of a video at 5 frames a second, over and over."""
    with movinet.open_source(VIDEOS / name, fps=5) as source:
        frames = [frame.image for frame in source]
    return itertools.cycle(frames)


@pytest.mark.parametrize(("name", "label"), LABELLED.items())
def test_labelled_videos_get_their_label(classifier, name, label):
    assert classifier.classify(VIDEOS / name).top(1)[0].label == label


def test_every_labelled_video_is_tried():
    assert len(LABELLED) == 11
    assert not LABELLED.keys() & BEYOND_THE_FILE.keys()


@pytest.mark.parametrize("name", BEYOND_THE_FILE)
def test_hard_videos_still_get_an_answer(classifier, name):
    summary = classifier.classify(VIDEOS / name)
    assert summary.frames > 0
    assert summary.scores.sum() == pytest.approx(1, abs=1e-5)


def test_carving_ice_is_sure(classifier):
    best = classifier.classify(VIDEOS / "carving_ice_172.mp4").top(1)[0]
    assert (best.label, best.index) == ("carving ice", 72)
    assert best.score >= 0.97


def last_score(horizon: dict) -> float:
    classifier = movinet.load(INT8, labels=LABELS, predict_every=1500, **horizon)
    frames = itertools.islice(endless("carving_ice_172.mp4"), 1500)
    (prediction,) = classifier.watch(frames)
    return float(prediction.scores[72])


def test_a_long_stream_stays_sure_with_the_horizon():
    assert last_score({}) >= 0.95


def test_a_long_stream_fades_without_the_horizon():
    assert last_score({"horizon": None}) == pytest.approx(0.07, abs=0.05)


def test_scenes_one_after_another_each_come_out_on_top(classifier):
    scenes = [
        "playing_bass_guitar.mp4",
        "reading_book.mp4",
        "arm_wrestling.mp4",
        "cleaning_pool.mp4",
        "juggling_soccer_ball.mp4",
        "horse_riding.gif",
    ]
    stream = classifier.stream()
    seconds, fps = 20, 5
    number = 0
    for name in scenes:
        tops = []
        for image in itertools.islice(endless(name), seconds * fps):
            prediction = stream.push(image, Fraction(number, fps))
            tops.append(prediction.top(1)[0].label)
            number += 1
        assert LABELLED[name] in tops[: 10 * fps], f"{name} did not come out within 10 s"
        assert tops[-1] == LABELLED[name]
    assert stream.resets == 0


def test_every_frame_of_the_official_clip(classifier):
    """The test of the public Raspberry Pi example: all 131 frames in order."""
    with movinet.open_source(VIDEOS / "carving_ice_172.mp4") as source:
        frames = [frame.image for frame in source]
    assert len(frames) == 131
    *_, prediction = classifier.watch(frames)
    assert prediction.top(1)[0].label == "carving ice"
    assert prediction.top(1)[0].score >= 0.5


def test_colours_in_the_wrong_order_are_noticed(classifier):
    """Of the clips, this one tells RGB from BGR; the official clip does not."""
    with movinet.open_source(VIDEOS / "arm_wrestling.mp4", fps=5) as source:
        frames = [frame.image for frame in source]
    scores = {}
    for order in ("RGB", "BGR"):
        step = 1 if order == "RGB" else -1
        *_, prediction = classifier.watch(image[..., ::step] for image in frames)
        scores[order] = prediction.scores
    assert abs(scores["RGB"] - scores["BGR"]).max() > 0.001
