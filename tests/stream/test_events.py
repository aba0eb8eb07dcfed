"""`EventDetector`: which scores are an event, when it begins and when it ends."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit.tiny_model import TINY, frames
from movinet.errors import UsageError
from movinet.models import read_info
from movinet.stream import Event, EventDetector, EventOptions, Prediction, load

FPS = Fraction(10)
CLASSES = 3  # of the made-up scores; the model has more
# Without a memory times are those of the scores.
# A score of 0.9 counts 0.8 of its time, so that half a second of it is enough.
PLAIN = EventOptions(on=0.5, minimum=0.4, join=0.5)


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "tiny.tflite"
    path.write_bytes(TINY.data)
    found = read_info(path)
    return replace(found, labels=tuple(f"action {n}" for n in range(found.classes)))


def run(info, rows, options=PLAIN, *, memory=1, fps=FPS, indices=None, memories=None):
    """What is told for scores `rows` of the first classes, and at the end."""
    detector = EventDetector(info, options, fps=fps, memory=memory)
    told = []
    for number, row in enumerate(rows):
        scores = np.zeros(info.classes, np.float32)
        scores[: len(row)] = row
        index = number if indices is None else indices[number]
        spoken = min(index + 1, memory) if memories is None else memories[number]
        told += detector.push(
            Prediction(Fraction(number) / fps, index, scores, info, memory=spoken)
        )
    return told + detector.finish()


def course(*parts):
    """Scores of one class: (score, seconds), ..."""
    return [(score,) for score, seconds in parts for _ in range(round(seconds * FPS))]


def spans(told):
    return [(float(e.start), float(e.end)) for e in told if e.end is not None]


def test_an_event_is_told_when_it_begins_and_when_it_ends(info):
    told = run(info, course((0.1, 1), (0.9, 1), (0.7, 1), (0.1, 2)))
    assert told == [
        Event("action 0", 0, Fraction(1), None, pytest.approx(0.9)),
        Event("action 0", 0, Fraction(1), Fraction(29, 10), pytest.approx(0.9)),
    ]


def test_between_the_thresholds_it_goes_on_but_does_not_begin(info):
    assert spans(run(info, course((0.4, 2), (0.9, 1), (0.4, 2), (0.1, 2)))) == [(2.0, 4.9)]


def test_a_short_one_is_none(info):
    assert run(info, course((0.1, 1), (0.9, 0.5), (0.1, 2))) == []
    assert len(run(info, course((0.1, 1), (0.9, 0.6), (0.1, 2)))) == 2


def test_a_doubtful_one_has_to_last(info):
    """Half way from `on` to 1 a second counts half; at `on` it counts nothing."""
    options = replace(PLAIN, minimum=1.0)

    def told_after(*parts, memory=1):
        """Seconds until it is told, of one whose score is high from the first second on."""
        rows, detector = course((0.0, 1), *parts), EventDetector(info, options, fps=FPS, memory=10)
        for number, row in enumerate(rows):
            scores = np.zeros(info.classes, np.float32)
            scores[0] = row[0]
            time = number / FPS
            if detector.push(Prediction(time, number, scores, info, memory=memory)):
                return float(time) - 1
        return None

    assert told_after((1.0, 3), memory=10) == pytest.approx(1.0)
    assert told_after((0.75, 3), memory=10) == pytest.approx(2.0)
    assert told_after((0.5, 60), memory=10) is None
    # What is below `on` neither counts nor takes away.
    assert told_after((1.0, 0.6), (0.4, 2), (1.0, 2), memory=10) == pytest.approx(3.0)
    # A score that speaks of half the memory counts half.
    assert told_after((1.0, 3), memory=5) == pytest.approx(2.0)


def test_gaps_are_joined(info):
    high, low = (0.9, 1), (0.1, 0.5)
    assert spans(run(info, course(high, low, high, (0.1, 2)))) == [(0.0, 2.4)]
    assert spans(run(info, course(high, (0.1, 0.6), high, (0.1, 2)))) == [(0.0, 0.9), (1.6, 2.5)]


def test_what_has_ended_does_not_begin_again_at_once(info):
    rows = course((0.9, 1), (0.1, 1), (0.9, 1), (0.1, 1), (0.9, 1))
    assert len(spans(run(info, rows))) == 3
    cooling = replace(PLAIN, cool_down=2.5)
    # The second begins within 2.5 s after the end of the first, the third later.
    assert spans(run(info, rows, cooling)) == [(0.0, 0.9), (4.0, 4.9)]
    # It may have begun when the pause is over in the midst of it.
    assert spans(run(info, course((0.9, 1), (0.1, 1), (0.9, 3)), cooling)) == [
        (0.0, 0.9),
        (3.5, 4.9),
    ]


def test_a_margin(info):
    rows = [(0.9, 0.6)] * 10 + [(0.9, 0.1)] * 10
    assert spans(run(info, rows)) == [(0.0, 1.9)]
    assert spans(run(info, rows, replace(PLAIN, margin=0.3))) == [(1.0, 1.9)]


def test_nothing_is_no_event(info):
    rows = course((0.9, 2))
    assert run(replace(info, background="action 0"), rows) == []
    assert run(info, rows, replace(PLAIN, background=("action 0",))) == []
    assert len(run(replace(info, background="action 0"), rows, replace(PLAIN, background=()))) == 2
    with pytest.raises(UsageError, match="no label 'doing nothing' for the background"):
        run(info, rows, replace(PLAIN, background=("doing nothing",)))


def test_the_delay_of_the_memory_is_subtracted(info):
    """A mean over 21 frames rises half a memory after what it is the mean of."""
    truth = np.array([0.0] * 50 + [1.0] * 50 + [0.0] * 50)
    means = [(truth[max(0, n - 20) : n + 1].mean(),) for n in range(len(truth))]
    options = replace(PLAIN, on=0.5, off=0.5)
    assert spans(run(info, means, options, memory=21)) == [(5.0, 9.9)]
    # What is seen from the first picture on begins with it, what lasts to the last ends with it.
    assert spans(run(info, course((0.9, 3)), options, memory=21)) == [(0.0, 2.9)]


def test_a_cut(info):
    """What lasted to it ends with it, what is behind it begins with it; what goes on goes on."""
    memories = [*(min(n + 1, 11) for n in range(20)), *(min(n + 1, 11) for n in range(20))]
    high, low = (0.9, 0.0), (0.0, 0.9)
    told = run(info, [high] * 20 + [low] * 20, memory=11, memories=memories)
    assert spans(told) == [(0.0, 1.9), (2.0, 3.9)]
    told = run(info, [high] * 20 + [low] * 2 + [high] * 18, memory=11, memories=memories)
    assert spans(told) == [(0.0, 3.9)]


def test_a_stream_that_begins_anew_ends_all(info):
    rows = course((0.9, 2))
    assert spans(run(info, rows, indices=[*range(10), *range(10)])) == [(0.0, 0.9), (1.0, 1.9)]


def test_what_goes_on_now(info):
    detector = EventDetector(info, PLAIN, fps=FPS, memory=1)
    for number in range(8):
        scores = np.zeros(info.classes, np.float32)
        scores[1] = 0.9
        detector.push(Prediction(number / FPS, number, scores, info))
    assert [(event.label, event.end) for event in detector.current] == [("action 1", None)]
    assert len(detector.finish()) == 1
    assert detector.current == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on": 0.0}, "on must be above 0"),
        ({"on": 1.0}, "on must be above 0 and below 1"),
        ({"on": 0.3, "off": 0.4}, "off must be from 0 to on"),
        ({"margin": 1.0}, "margin must be"),
        ({"minimum": -1.0}, "minimum must be 0 s or more"),
        ({"cool_down": float("nan")}, "cool-down must be 0 s or more"),
        ({"memory": 0.0}, "memory must be above 0"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(UsageError, match=said):
        EventOptions(**options)


def test_one_that_begins_low_ends_low():
    assert EventOptions().off == 0.3
    assert EventOptions(on=0.2).off == 0.2
    assert EventOptions(on=0.2, off=0.1).off == 0.1


scores = st.lists(
    st.tuples(*[st.floats(0, 1, width=32) for _ in range(CLASSES)]), min_size=1, max_size=120
)
rules = st.builds(
    lambda on, off, minimum, join, cool, margin: EventOptions(
        on=on, off=on * off, minimum=minimum, join=join, cool_down=cool, margin=margin
    ),
    st.floats(0.05, 0.95),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 2),
    st.floats(0, 0.5),
)


@settings(max_examples=150)
@given(rows=scores, options=rules, memory=st.integers(1, 30))
@example(
    rows=[(0.0, 0.0, float(np.float32(0.9)))], options=EventOptions(on=0.9, minimum=0), memory=1
)
def test_rules_of_events(info, rows, options, memory):
    told = run(info, rows, options, memory=memory)
    begun = [event for event in told if event.end is None]
    ended = [event for event in told if event.end is not None]
    last = Fraction(len(rows) - 1) / FPS
    # Each that begins ends, once, and what is told of its beginning stays true.
    assert sorted((e.index, e.start) for e in begun) == sorted((e.index, e.start) for e in ended)
    for event in ended:
        assert 0 <= event.start <= event.end <= last
        assert options.on <= event.peak + 1e-6
        others = [e for e in ended if e.index == event.index and e is not event]
        assert all(e.end <= event.start or event.end <= e.start for e in others)
    # Nothing is told of a class that was never high enough.
    high = {n for n in range(CLASSES) if max(row[n] for row in rows) >= options.on}
    assert {event.index for event in told} <= high


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(TINY.data)
    return path


def test_of_a_video(model):
    """`classify` gives what a detector of one's own gives, and scores of the memory."""
    options = EventOptions(on=0.01, off=0.0, minimum=0.2, memory=2)
    classifier = load(model, events=options)
    assert classifier.options.horizon == 10
    summary = classifier.classify(frames(30))
    detector, told = classifier.detector(), []
    for prediction in classifier.watch(frames(30)):
        told += detector.push(prediction)
    told += detector.finish()
    assert summary.events == tuple(event for event in told if event.end is not None)
    assert summary.events
    assert load(model).classify(frames(5)).events == ()
    with pytest.raises(UsageError, match="no events were asked for"):
        load(model).detector()


def test_a_memory_is_no_longer_than_the_horizon(model):
    assert load(model, horizon=7, events=EventOptions(memory=4)).options.horizon == 7
    assert load(model, horizon=None, events=EventOptions(memory=4)).options.horizon == 20
