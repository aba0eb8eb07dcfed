"""`load`, and what a `Classifier` makes of whole videos."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import movinet
from kit.tiny_model import COUNT, TINY, VARIANTS, frames
from movinet.errors import LabelsError, ModelError, MovinetError, SourceError, UsageError
from movinet.frames import Frame, Source
from movinet.models import read_info
from movinet.models.packing import pack_model
from movinet.runtime import open_model
from movinet.stream import Classifier, StreamOptions, load

LABELS = "jumping\nwalking\nrunning\n서 있기\n"


@pytest.fixture
def path(tmp_path):
    return TINY.write(tmp_path / "tiny.tflite")


@pytest.fixture
def classifier(opened):
    """A horizon of 6 frames at 5 a second."""
    return classifier_of(opened(TINY))


def classifier_of(model, **options) -> Classifier:
    usual = {"fps": Fraction(5), "horizon": 6, "resize": "stretch"}
    return Classifier(model, StreamOptions(**{**usual, **options}))


class Film(Source):
    """Frames at given times, that knows whether it was closed."""

    name = "film"

    def __init__(self, times, **facts) -> None:
        self.times = list(times)
        self.read = 0
        self.closed = 0
        for name, value in facts.items():
            setattr(self, name, value)

    def __iter__(self) -> Iterator[Frame]:
        pictures = frames(len(self.times))
        for index, (picture, time) in enumerate(zip(pictures, self.times, strict=True)):
            self.read += 1
            yield Frame(picture, Fraction(time), index)

    def close(self) -> None:
        self.closed += 1


def fifths(count: int) -> list[Fraction]:
    return [Fraction(n, 5) for n in range(count)]


# -- watching -----------------------------------------------------------------


def test_watching_arrays(classifier):
    answers = list(classifier.watch(frames(20)))
    stream = classifier.stream()
    wanted = [stream.push(picture) for picture in frames(20)]
    assert [answer.time for answer in answers] == [Fraction(n, 5) for n in range(20)]
    for answer, expected in zip(answers, wanted, strict=True):
        np.testing.assert_array_equal(answer.scores, expected.scores)


def test_watching_arrays_with_times(classifier):
    pairs = [(picture, n / 10) for n, picture in enumerate(frames(20))]
    assert [float(answer.time) for answer in classifier.watch(pairs)] == [n / 5 for n in range(10)]


def test_watching_arrays_at_a_rate_of_their_own(classifier):
    answers = list(classifier.watch(frames(30), source_fps=30, start=0.2, end=0.8))
    assert [answer.time for answer in answers] == [Fraction(1, 5), Fraction(2, 5), Fraction(3, 5)]


def test_an_iterable_is_answered_frame_by_frame(classifier):
    """It may be somebody's camera: nobody waits for frames that are not there yet."""
    given = []

    def camera():
        for number, picture in enumerate(frames(5)):
            given.append(number)
            yield picture

    for number, answer in enumerate(classifier.watch(camera())):
        assert answer.index == number
        assert given == list(range(number + 1))


def test_a_live_source_is_answered_frame_by_frame(classifier):
    film = Film(fifths(5), live=True)
    for number, _ in enumerate(classifier.watch(film), start=1):
        assert film.read == number


def test_times_that_mean_nothing_are_not_used(classifier):
    answers = list(classifier.watch(Film([0] * 20, timed=False)))
    assert [answer.time for answer in answers] == fifths(20)


def test_a_file_is_read_ahead_without_harm(classifier):
    film = Film(fifths(21))
    answers = list(classifier.watch(film))
    stream = classifier.stream()
    for answer, picture, time in zip(answers, frames(21), fifths(21), strict=True):
        np.testing.assert_array_equal(answer.scores, stream.push(picture).scores)
        assert answer.time == time


def test_a_source_of_the_caller_stays_open(classifier):
    film = Film(fifths(3))
    assert len(list(classifier.watch(film))) == 3
    assert classifier.classify(film).frames == 3
    assert film.closed == 0


@pytest.mark.parametrize("times", [fifths(3), []])
def test_what_classify_opened_is_closed(times, classifier, monkeypatch):
    film = Film(times)
    monkeypatch.setattr(Classifier, "open", lambda *args, **options: film)
    with nullcontext() if times else pytest.raises(SourceError):
        classifier.classify("film.mp4")
    assert film.closed == 1


@pytest.mark.parametrize("until", ["end", "break", "error"])
def test_what_watch_opened_is_closed(until, classifier, monkeypatch):
    film = Film(fifths(3))
    monkeypatch.setattr(Classifier, "open", lambda *args, **options: film)
    watching = classifier.watch("film.mp4")
    if until == "end":
        assert len(list(watching)) == 3
    else:
        next(watching)
        assert film.closed == 0
        if until == "break":
            watching.close()
        else:
            with pytest.raises(KeyboardInterrupt):
                watching.throw(KeyboardInterrupt)
    assert film.closed == 1


def test_nothing_is_opened_before_it_is_watched(classifier, tmp_path):
    watching = classifier.watch(tmp_path / "none.mp4")
    with pytest.raises(SourceError, match=r"cannot read .*none\.mp4: no such file"):
        next(watching)


def test_a_gap_in_the_times_of_a_film_begins_anew(classifier):
    answers = list(classifier.watch(Film([*fifths(4), 9, Fraction(46, 5)])))
    assert [answer.index for answer in answers] == [0, 1, 2, 3, 0, 1]


# -- a whole video ------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 5, 6])
def test_a_short_video_is_its_last_prediction(count, classifier):
    summary = classifier.classify(frames(count))
    last = list(classifier.watch(frames(count)))[-1]
    np.testing.assert_array_equal(summary.scores, last.scores)
    assert summary.frames == count


@pytest.mark.parametrize("count", [7, 25])
def test_a_long_video_is_the_mean_of_its_predictions(count, classifier):
    """Of those that speak of a whole horizon: what is said does not jump with one frame more."""
    summary = classifier.classify(frames(count))
    answers = np.array([answer.scores for answer in classifier.watch(frames(count))])[5:]
    np.testing.assert_allclose(summary.scores, answers.mean(axis=0, dtype=np.float64), rtol=1e-6)
    assert summary.scores.dtype == np.float32
    assert not np.allclose(summary.scores, answers[-1], atol=1e-4)
    assert summary.frames == count


def test_without_a_horizon_any_video_is_its_last_prediction(opened):
    classifier = classifier_of(opened(TINY), horizon=None)
    last = list(classifier.watch(frames(25)))[-1]
    np.testing.assert_array_equal(classifier.classify(frames(25)).scores, last.scores)


def test_a_video_with_a_gap_is_the_mean(classifier):
    """Its last prediction has forgotten what was before the gap."""
    times = [*fifths(3), 100, Fraction(501, 5)]
    summary = classifier.classify(Film(times))
    answers = np.array([answer.scores for answer in classifier.watch(Film(times))])
    np.testing.assert_allclose(summary.scores, answers.mean(axis=0), rtol=1e-6)
    assert summary.frames == 5


def test_what_a_summary_tells(classifier):
    film = Film(
        fifths(4), duration=Fraction(7, 2), damaged_packets=3, mended_times=2, ended_early="cut off"
    )
    summary = classifier.classify(film)
    assert summary.duration == Fraction(7, 2)
    assert (summary.damaged_packets, summary.mended_times) == (3, 2)
    assert summary.ended_early == "cut off"
    assert summary.info is classifier.info


def test_duration(classifier):
    assert classifier.classify(frames(4)).duration is None  # bare arrays have no times
    assert classifier.classify(Film(fifths(4))).duration == Fraction(3, 5)
    pairs = list(zip(frames(3), [0, 0.5, 1.5], strict=True))
    assert classifier.classify(pairs).duration == Fraction(3, 2)


def test_the_embedding_of_a_video(classifier):
    summary = classifier.classify(frames(10))
    recent = np.array(frames(10)[-6:]) / 255
    np.testing.assert_allclose(summary.embedding, recent.mean(axis=(0, 1, 2)), rtol=1e-5)


def test_a_model_that_gives_no_embedding(path):
    info = read_info(path)
    states = tuple(replace(pair, name=pair.name.replace("_pool", "")) for pair in info.states)
    classifier = classifier_of(open_model(path, info=replace(info, states=states)))
    assert classifier.classify(frames(3)).embedding is None


def test_a_video_without_a_picture(classifier):
    with pytest.raises(SourceError, match=r"^cannot read film: it has no picture, or none in the"):
        classifier.classify(Film([]))
    with pytest.raises(SourceError, match=r"^cannot read film: no picture in it could be decoded"):
        classifier.classify(Film([], damaged_packets=3))
    with pytest.raises(SourceError, match=r"^cannot read arrays: it has no picture"):
        classifier.classify([])


def test_a_video_too_short_for_an_answer(opened):
    classifier = classifier_of(opened(TINY), predict_every=5)
    with pytest.raises(SourceError, match="cannot read film: 4 frames are too few to answer every"):
        classifier.classify(Film(fifths(4)))


def test_frames_between_two_answers_count(opened):
    classifier = classifier_of(opened(TINY), predict_every=4)
    summary = classifier.classify(frames(6))
    assert summary.frames == 6
    answers = list(classifier.watch(frames(6)))
    assert [answer.index for answer in answers] == [3]
    np.testing.assert_array_equal(summary.scores, answers[0].scores)


def test_one_classifier_many_threads(classifier):
    wanted = [classifier.classify(frames(40, seed)).scores for seed in range(4)]
    found: list = [None] * 4

    def work(number):
        found[number] = classifier.classify(frames(40, number)).scores

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    np.testing.assert_array_equal(np.array(found), np.array(wanted))


# -- streams of a classifier --------------------------------------------------


def test_streams_take_what_load_was_told(path):
    classifier = load(path, predict_every=3, embeddings=True)
    answers = [classifier.stream().push(picture) for picture in frames(2)]
    assert answers == [None, None]
    stream = classifier.stream()
    third = [stream.push(picture) for picture in frames(3)][2]
    assert third.embedding is not None


def test_a_stream_may_be_told_otherwise(path):
    classifier = load(path, predict_every=3, embeddings=True)
    stream = classifier.stream(predict_every=1, embeddings=False)
    assert stream.push(frames(1)[0]).embedding is None
    assert classifier.options.predict_every == 3
    with pytest.raises(UsageError, match="predict_every must be 1 or more, not 0"):
        classifier.stream(predict_every=0)


# -- load ---------------------------------------------------------------------


def test_a_model_without_a_contract(path):
    classifier = movinet.load(path)
    assert classifier.info == read_info(path)
    assert classifier.options == StreamOptions(fps=Fraction(5), horizon=50, resize="stretch")
    assert list(classifier.watch(frames(2)))[1].top(1)[0].label in "0123"


def test_a_contract_is_followed(path, tmp_path):
    info = replace(
        read_info(path),
        labels=tuple(LABELS.splitlines()),
        fps=Fraction(25, 3),
        horizon=9,
        resize="center",
        value_range=(-1.0, 1.0),
        temperature=2.0,
    )
    target = tmp_path / "packed.tflite"
    pack_model(path, info, target)
    classifier = load(str(target))
    assert classifier.options == StreamOptions(fps=Fraction(25, 3), horizon=9, resize="center")
    answer = classifier.stream(embeddings=True).push(np.zeros((8, 4, 3), np.uint8))
    np.testing.assert_array_equal(answer.embedding, [-1, -1, -1])
    assert {category.label for category in answer.top()} == set(LABELS.splitlines())


def test_options_go_before_the_contract(path):
    classifier = load(path, fps=12.5, horizon=None, resize="center", predict_every=2)
    assert classifier.options == StreamOptions(
        fps=Fraction(25, 2), horizon=None, resize="center", predict_every=2
    )
    assert load(path, horizon=7).options.horizon == 7


def test_labels_of_a_file(path, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text(LABELS, "utf-8")
    classifier = load(path, labels=labels)
    assert classifier.info.labels == ("jumping", "walking", "running", "서 있기")
    answer = next(classifier.watch(frames(1)))
    for category in answer.top():
        assert category.label == classifier.info.labels[category.index]


@pytest.mark.parametrize(("text", "count"), [("a\nb\nc\n", 3), (LABELS + "more\n", 5)])
def test_labels_that_do_not_fit(text, count, path, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text(text, "utf-8")
    words = f"labels.txt has {count} labels but tiny has 4 classes; a label file has one line"
    with pytest.raises(LabelsError, match=words):
        load(path, labels=labels)


def test_labels_that_are_not_there(path, tmp_path):
    with pytest.raises(LabelsError, match=r"^cannot read labels from .*none\.txt: No such file"):
        load(path, labels=tmp_path / "none.txt")


@pytest.mark.parametrize("name", ["none.tflite", "folder/none", "a0-lite-k600-int8.tflite"])
def test_a_file_that_is_not_there(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=f"^cannot read {name}: No such file"):
        load(name)


def test_an_unknown_name_suggests_near_ones(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"'a0-lite-k600-int9' \(did you mean a0-lite-k600-int8"):
        load("a0-lite-k600-int9")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fps": 0}, "fps must be above 0 and at most 1000, not 0"),
        ({"fps": -1.5}, "fps must be above 0 and at most 1000, not -1.5"),
        ({"fps": 1001}, "fps must be above 0 and at most 1000, not 1001"),
        ({"fps": float("nan")}, "finite number"),
        ({"horizon": 0}, "a horizon must be 1 frame or more, not 0"),
        ({"horizon": -1}, "a horizon must be 1 frame or more, not -1"),
        ({"resize": "pad"}, "unknown resize rule 'pad'"),
        ({"predict_every": 0}, "predict_every must be 1 or more, not 0"),
        ({"backend": "abacus"}, "unknown backend 'abacus'"),
        ({"threads": 0}, "threads must be from 1 to 256, not 0"),
    ],
)
def test_options_that_make_no_sense(options, words, path):
    with pytest.raises(UsageError, match=words):
        load(path, **options)


def test_a_file_that_is_no_model(tmp_path):
    path = tmp_path / "labels.tflite"
    path.write_text(LABELS, "utf-8")
    with pytest.raises(ModelError, match=r"^cannot use .*: it is not a \.tflite file"):
        load(path)


def test_the_errors_are_of_one_family():
    assert issubclass(LabelsError, ModelError)
    assert issubclass(ModelError, MovinetError)
    assert issubclass(UsageError, ValueError)


def test_a_classifier_of_a_model_of_ones_own(opened):
    model = opened(VARIANTS["float counts"])
    classifier = Classifier(model)
    assert classifier.options.horizon == 50
    assert COUNT in {state.name for state in classifier.info.live_states}
