"""`Stream.push`: which frames are taken, what they become, and when the memory begins anew."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import child
from kit.tiny_model import TINY, VARIANTS, frames
from movinet.errors import ModelError, UsageError
from movinet.models import read_info
from movinet.runtime import open_model
from movinet.stream import Stream, StreamOptions, softmax

FIVE = StreamOptions(fps=Fraction(5), horizon=50, resize="stretch")


@pytest.fixture
def model(opened):
    return opened(TINY)


def begin(model, **options) -> Stream:
    return Stream(model, replace(FIVE, **options))


def scores_of(answers) -> np.ndarray:
    return np.array([answer.scores for answer in answers])


def plainly(model, pictures) -> np.ndarray:
    """The scores of a plain loop over the model."""
    state, scores = model.initial_state(), []
    for picture in pictures:
        logits, state = model.step(picture.astype(np.float32) / 255, state)
        scores.append(softmax(logits))
    return np.array(scores)


def pushed(stream: Stream, pictures, times=None):
    """The answers that are some."""
    times = [None] * len(pictures) if times is None else times
    answers = [stream.push(*pair) for pair in zip(pictures, times, strict=True)]
    return [answer for answer in answers if answer is not None]


# -- what a prediction says ---------------------------------------------------


def test_scores_are_those_of_a_plain_loop(model):
    answers = pushed(begin(model), frames(30))
    np.testing.assert_allclose(scores_of(answers), plainly(model, frames(30)), atol=1e-6)
    assert [answer.index for answer in answers] == list(range(30))
    assert all(answer.info is model.info for answer in answers)
    assert all(answer.embedding is None for answer in answers)


def test_the_temperature_of_the_model_is_used(model, tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    warm = open_model(path, info=replace(read_info(path), temperature=3.0))
    answer = begin(warm).push(frames(1)[0])
    logits, _ = model.step(frames(1)[0], model.initial_state())
    np.testing.assert_allclose(answer.scores, softmax(logits, 3.0), atol=1e-6)
    assert not np.allclose(answer.scores, softmax(logits), atol=1e-3)


def test_a_stream_keeps_nothing_of_what_it_answered(model):
    stream = begin(model, embeddings=True)
    first = stream.push(frames(1)[0])
    scores, embedding = first.scores.copy(), first.embedding.copy()
    pushed(stream, frames(5))
    np.testing.assert_array_equal(first.scores, scores)
    np.testing.assert_array_equal(first.embedding, embedding)


# -- which frames are taken ---------------------------------------------------

STEPS = st.lists(st.fractions(Fraction(1, 1000), Fraction(2), max_denominator=90_000), max_size=30)


@settings(max_examples=60)
@given(
    steps=STEPS,
    start=st.fractions(-10, 10_000, max_denominator=1000),
    fps=st.sampled_from([Fraction(5), Fraction(25, 3), Fraction(5, 2), Fraction(30)]),
)
def test_the_first_frame_of_each_interval_is_taken(opened, steps, start, fps):
    times = [start]
    for step in steps:
        times.append(times[-1] + step)
    wanted, taken = [], set()
    for time in times:
        number = math.floor((time - start) * fps)
        if number not in taken:
            taken.add(number)
            wanted.append(time)
    # Gaps of up to 2 s are no reason to begin anew here.
    stream = begin(opened(TINY), fps=fps, horizon=200)
    answers = pushed(stream, frames(len(times)), times)
    assert [answer.time for answer in answers] == wanted
    assert stream.frames == len(wanted)


@pytest.mark.parametrize(
    "times",
    [
        [0, 1, 2, 3],
        [0.0, 0.1, 0.2, 0.3, 0.30000000000000004, 0.4, 0.5999999999, 0.6],
        [Fraction(n, 30) for n in range(20)],
        [0, 0.1, Fraction(1, 5), 0.4, 1],
        [n * 0.1 for n in range(20)],
    ],
)
def test_times_of_any_kind(times, model):
    answers = pushed(begin(model), frames(len(times)), times)
    exact = [Fraction(round(time * 10**6), 10**6) if isinstance(time, float) else Fraction(time)
             for time in times]  # fmt: skip
    wanted, last = [], -1
    for time in exact:
        if math.floor(time * 5) > last:
            last = math.floor(time * 5)
            wanted.append(time)
    assert [answer.time for answer in answers] == wanted
    assert all(type(answer.time) is Fraction for answer in answers)


def test_a_float_is_rounded_to_the_microsecond(model):
    assert begin(model).push(frames(1)[0], 0.1 + 0.2).time == Fraction(3, 10)


def test_frames_that_are_not_taken_leave_no_trace(model):
    fast, slow = begin(model), begin(model)
    pictures = frames(60)
    answers = pushed(fast, pictures, [Fraction(n, 30) for n in range(60)])
    wanted = pushed(slow, pictures[::6], [Fraction(n, 5) for n in range(10)])
    np.testing.assert_array_equal(scores_of(answers), scores_of(wanted))
    assert fast.frames == 10


def test_without_times_every_frame_is_taken(model):
    stream = begin(model, fps=Fraction(25, 3))
    answers = pushed(stream, frames(7))
    assert [answer.time for answer in answers] == [n * Fraction(3, 25) for n in range(7)]


def test_a_slower_source_gives_each_frame_once(model):
    answers = pushed(begin(model), frames(4), [0, 1, 2, 3])
    assert [answer.index for answer in answers] == [0, 1, 2, 3]


def test_a_clock_that_goes_back_is_mended(model):
    stream = begin(model)
    answers = pushed(stream, frames(6), [10, 10.2, 3, 3.2, 3.4, 3.6])
    times = [answer.time for answer in answers]
    assert times == sorted(times)
    assert times[0] == 10
    assert len(times) >= 4
    assert stream.resets == 0


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -float("inf")])
def test_a_time_that_is_no_number(time, model):
    stream = begin(model)
    with pytest.raises(UsageError, match="a time must be a finite number of seconds"):
        stream.push(frames(1)[0], time)
    assert stream.frames == 0


# -- what a frame becomes -----------------------------------------------------


@pytest.mark.parametrize("size", [(8, 4), (1, 1), (4, 8), (16, 8), (100, 333)])
def test_a_plain_colour_is_the_same_in_any_size(size, model):
    colour = np.uint8([200, 30, 90])
    answer = begin(model).push(np.broadcast_to(colour, (*size, 3)))
    wanted = begin(model).push(np.broadcast_to(colour, (8, 4, 3)))
    np.testing.assert_array_equal(answer.scores, wanted.scores)


def test_stretch_shows_all_and_center_the_middle(model):
    picture = np.zeros((8, 12, 3), np.uint8)
    picture[:, 4:8] = 255
    stretched = begin(model, embeddings=True).push(picture)
    centred = begin(model, embeddings=True, resize="center").push(picture)
    np.testing.assert_allclose(centred.embedding, [1, 1, 1], atol=1e-6)
    assert 0.2 < stretched.embedding[0] < 0.6


def test_the_shape_of_a_pixel_counts(model):
    """The same picture, stored half as wide as it is to be shown."""
    picture = np.zeros((8, 6, 3), np.uint8)
    picture[:, 2:4] = 255
    stream = begin(model, embeddings=True, resize="center")
    answer = stream.push(picture, sample_aspect_ratio=Fraction(2))
    plain = begin(model, embeddings=True, resize="center").push(picture)
    assert answer.embedding[0] > plain.embedding[0] + 0.1


def test_resize_is_what_push_does(model):
    stream, picture = begin(model), np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    small = stream.resize(picture)
    assert (small.shape, small.dtype) == ((8, 4, 3), np.uint8)
    np.testing.assert_array_equal(begin(model).push(small).scores, stream.push(picture).scores)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((8, 4), np.uint8), r"must be \[H, W, 3\], not \[8, 4\]"),
        (np.zeros((8, 4, 4), np.uint8), r"must be \[H, W, 3\], not \[8, 4, 4\]"),
        (np.zeros((0, 4, 3), np.uint8), r"must be \[H, W, 3\], not \[0, 4, 3\]"),
        (np.zeros((8, 4, 3), np.float32), "must be uint8"),
        ([[1, 2, 3]], "must be a numpy array"),
        (None, "must be a numpy array"),
    ],
)
def test_what_is_no_frame(picture, words, model):
    stream = begin(model)
    stream.push(frames(1)[0], 0)
    with pytest.raises(UsageError, match=words):
        stream.push(picture, 1)
    answer = stream.push(frames(2)[1], 1)
    np.testing.assert_allclose(answer.scores, plainly(model, frames(2))[1], atol=1e-6)


# -- answering less often -----------------------------------------------------


@pytest.mark.parametrize("every", [1, 2, 3, 7])
@pytest.mark.parametrize("horizon", [4, None])
def test_answers_in_between_are_left_out_and_nothing_else(every, horizon, model):
    all_ = pushed(begin(model, horizon=horizon), frames(20))
    some = pushed(begin(model, horizon=horizon, predict_every=every), frames(20))
    assert [answer.index for answer in some] == list(range(every - 1, 20, every))
    np.testing.assert_array_equal(scores_of(some), scores_of(all_)[every - 1 :: every])
    assert [answer.time for answer in some] == [answer.time for answer in all_][every - 1 :: every]


# -- beginning anew -----------------------------------------------------------


def test_a_gap_longer_than_the_horizon_begins_anew(model):
    stream = begin(model, horizon=4)  # 0.8 s
    pictures = frames(8)
    pushed(stream, pictures[:5], [0, 0.2, 0.4, 0.6, 0.8])
    answers = pushed(stream, pictures[5:], [1.600001, 1.800001, 2.000001])
    assert stream.resets == 1
    assert [answer.index for answer in answers] == [0, 1, 2]
    np.testing.assert_allclose(scores_of(answers), plainly(model, pictures[5:]), atol=1e-6)
    assert answers[0].time == Fraction(1_600_001, 1_000_000)
    assert stream.frames == 8


def test_a_gap_no_longer_than_the_horizon_does_not(model):
    stream, other = begin(model, horizon=4), begin(model, horizon=4)
    pictures = frames(8)
    answers = pushed(stream, pictures, [0, 0.2, 0.4, 0.6, 0.8, 1.6, 2.4, 2.6])
    assert stream.resets == 0
    np.testing.assert_array_equal(scores_of(answers), scores_of(pushed(other, pictures)))


def test_frames_that_are_not_taken_are_no_gap(model):
    """A slow model on a fast camera: the stream hears of each frame."""
    stream = begin(model, fps=Fraction(1), horizon=1)
    answers = pushed(stream, frames(5), [0, 0.5, 0.95, 1.9, 2.8])
    assert [float(answer.time) for answer in answers] == [0, 1.9, 2.8]
    assert stream.resets == 0


def test_sampling_begins_anew_with_the_memory(model):
    stream = begin(model, horizon=4)
    answers = pushed(stream, frames(5), [0, 0.2, 10.15, 10.25, 10.36])
    assert [float(answer.time) for answer in answers] == [0, 0.2, 10.15, 10.36]


def test_without_a_horizon_no_gap_is_too_long(model):
    stream = begin(model, horizon=None)
    answers = pushed(stream, frames(3), [0, 1, 10**9])
    assert stream.resets == 0
    np.testing.assert_allclose(scores_of(answers), plainly(model, frames(3)), atol=1e-6)


def test_reset(model):
    stream = begin(model, horizon=4)
    pushed(stream, frames(9), [n / 5 for n in range(9)])
    stream.reset()
    # The clock may begin anywhere, also before.
    answers = pushed(stream, frames(3), [0.5, 0.7, 0.9])
    assert (stream.resets, stream.frames) == (1, 12)
    assert [answer.index for answer in answers] == [0, 1, 2]
    assert answers[0].time == Fraction(1, 2)
    np.testing.assert_allclose(scores_of(answers), plainly(model, frames(3)), atol=1e-6)


# -- the pooled feature -------------------------------------------------------


def test_embeddings_come_when_they_are_asked_for(model):
    stream = begin(model, embeddings=True, horizon=4)
    pictures = frames(10)
    answers = pushed(stream, pictures)
    for number, answer in enumerate(answers):
        recent = np.array(pictures[max(0, number - 3) : number + 1]) / 255
        np.testing.assert_allclose(answer.embedding, recent.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(stream.embedding(), answers[-1].embedding)


def test_embeddings_of_an_output_of_their_own(opened):
    stream = begin(opened(VARIANTS["embedding"]), embeddings=True)
    answer = stream.push(frames(1)[0])
    mean = np.mean(frames(1)[0] / 255, axis=(0, 1))
    np.testing.assert_allclose(answer.embedding, 2 * mean, rtol=1e-5)


def test_a_model_that_gives_none(tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    states = tuple(replace(pair, name=pair.name.replace("_pool", "")) for pair in info.states)
    stream = begin(open_model(path, info=replace(info, states=states)), embeddings=True)
    with pytest.raises(ModelError, match="gives no embedding"):
        stream.push(frames(1)[0])


# -- saving -------------------------------------------------------------------

_GO_ON = """
import sys
from kit.tiny_model import frames
import movinet

stream = movinet.load(sys.argv[1], horizon=6).stream()
stream.from_bytes(bytes.fromhex(sys.argv[2]))
for picture in frames(25)[15:]:
    answer = stream.push(picture)
    print(answer.index, answer.scores.tobytes().hex())
"""


def test_a_stream_goes_on_in_another_process(model, tmp_path):
    stream = begin(model, horizon=6)
    pushed(stream, frames(15))
    saved = stream.to_bytes()
    done = child.python(_GO_ON, TINY.write(tmp_path / "tiny.tflite"), saved.hex())
    wanted = pushed(stream, frames(25)[15:])
    assert done.stdout.decode().splitlines() == [
        f"{answer.index} {answer.scores.tobytes().hex()}" for answer in wanted
    ]


def test_times_begin_anew_where_a_stream_goes_on(model):
    stream, other = begin(model, horizon=6), begin(model, horizon=6)
    pushed(stream, frames(15), [100 + n / 5 for n in range(15)])
    pushed(other, frames(3, seed=1), [500, 500.2, 500.4])
    other.from_bytes(stream.to_bytes())
    answers = pushed(other, frames(18)[15:], [0, 0.1, 0.2])
    wanted = pushed(stream, [frames(18)[15], frames(18)[17]])
    assert [answer.time for answer in answers] == [0, Fraction(1, 5)]
    np.testing.assert_array_equal(scores_of(answers), scores_of(wanted))


def test_bytes_of_another_horizon_change_nothing(model):
    stream, other = begin(model, horizon=6), begin(model, horizon=7)
    pushed(stream, frames(3), [0, 0.2, 0.4])
    with pytest.raises(UsageError, match="saved with a horizon of 7 frames, not 6"):
        stream.from_bytes(other.to_bytes())
    with pytest.raises(UsageError, match="no saved state"):
        stream.from_bytes(b"")
    answer = stream.push(frames(4)[3], 0.6)
    assert answer.index == 3
    np.testing.assert_allclose(answer.scores, plainly(model, frames(4))[3], atol=1e-6)


# -- options ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"predict_every": 0}, "predict_every must be 1 or more, not 0"),
        ({"horizon": 0}, "a horizon must be 1 frame or more, not 0"),
        ({"resize": "pad"}, "unknown resize rule 'pad': use stretch or center"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(UsageError, match=words):
        replace(FIVE, **options)
