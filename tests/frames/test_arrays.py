from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from frames.videos import number_of, numbered, paint
from movinet.errors import UsageError
from movinet.frames import open_source


def frames(items, **options):
    return numbered(open_source(items, **options))


def arrays(count):
    return [paint(number) for number in range(count)]


def timed(times):
    return [(paint(number), time) for number, time in enumerate(times)]


def test_arrays_without_times_are_all_taken():
    source = open_source(arrays(7), fps=5)
    assert numbered(source) == [(n, Fraction(n, 5)) for n in range(7)]
    assert not source.timed
    assert source.name == "arrays"


def test_without_any_rate_they_are_a_thirtieth_of_a_second_apart():
    assert frames(arrays(3)) == [(n, Fraction(n, 30)) for n in range(3)]


def test_a_rate_of_their_own_makes_times():
    source = open_source(arrays(60), source_fps=30, fps=5)
    assert source.timed
    assert numbered(source) == [(n, Fraction(n, 30)) for n in range(0, 60, 6)]
    assert frames(arrays(4), source_fps=Fraction(30_000, 1001))[3][1] == Fraction(3003, 30_000)


def test_one_array_with_a_first_axis_of_frames_will_do():
    assert [n for n, _ in frames(np.stack(arrays(5)))] == list(range(5))


def test_arrays_come_from_an_endless_generator_one_at_a_time():
    asked = []

    def endless():
        for number in itertools.count():
            asked.append(number)
            yield paint(number % 1000)

    source = iter(open_source(endless(), source_fps=30, fps=10))
    assert [number_of(next(source).image) for _ in range(3)] == [0, 3, 6]
    assert asked == list(range(7))


@pytest.mark.parametrize(
    "kind", [int, float, Fraction, np.float64], ids=["int", "float", "Fraction", "numpy"]
)
def test_times_of_any_type_are_the_same(kind):
    source = open_source(timed([kind(second) for second in range(5)]), fps=Fraction(1, 2))
    assert numbered(source) == [(0, 0), (2, 2), (4, 4)]
    assert all(type(frame.time) is Fraction for frame in open_source(timed([kind(3)])))
    assert source.timed


def test_floats_are_times_to_the_microsecond():
    assert [time for _, time in frames(timed([0.1, 0.2, 1 / 3]))] == [
        Fraction(1, 10),
        Fraction(2, 10),
        Fraction(333_333, 10**6),
    ]


def test_times_decide_what_is_taken():
    times = [10, 10.05, 10.19, 10.2, 10.9, 10.95, 12]
    assert [number for number, _ in frames(timed(times), fps=5)] == [0, 3, 4, 6]


def test_times_that_are_missing_or_go_back_are_mended_and_counted():
    source = open_source(timed([0, None, 1, Fraction(1, 2), 2]), source_fps=10)
    assert [time for _, time in numbered(source)] == [
        0,
        Fraction(1, 10),
        1,
        1 + Fraction(1, 10**6),
        2,
    ]
    assert source.mended_times == 2


@pytest.mark.parametrize(
    ("items", "options"),
    [(arrays(30), {"source_fps": 10}), (timed(Fraction(n, 10) for n in range(30)), {})],
    ids=["rate", "times"],
)
def test_start_and_end(items, options):
    source = open_source(items, start=0.5, end=1.5, **options)
    taken = list(source)
    assert [frame.time for frame in taken] == [Fraction(n, 10) for n in range(5, 15)]
    assert [frame.index for frame in taken] == list(range(10))
    assert frames(items, start=0.5, end=1.5, fps=2, **options) == [
        (5, Fraction(1, 2)),
        (10, Fraction(1)),
    ]


def test_the_end_stops_asking():
    def some():
        yield from timed([0, 1, 2])
        raise AssertionError("was asked beyond the end")

    assert [n for n, _ in frames(some(), end=2)] == [0, 1]


def test_an_array_that_is_no_picture_is_refused_when_its_turn_comes():
    source = iter(open_source([paint(0), np.zeros((3, 4))]))
    next(source)
    with pytest.raises(UsageError, match=r"a frame must be \[H, W, 3\], not \[3, 4\]"):
        next(source)


@pytest.mark.parametrize("items", [[paint(0), (paint(1), 1)], [(paint(0), 0), paint(1)]])
def test_either_all_come_with_times_or_none(items):
    with pytest.raises(UsageError, match="either every array comes with a time or none does"):
        list(open_source(items))


def test_a_time_that_is_no_number_is_refused():
    with pytest.raises(UsageError, match="a time must be a finite number of seconds, not nan"):
        list(open_source([(paint(0), float("nan"))]))


def test_no_arrays_are_no_frames():
    assert frames([]) == []
    assert frames(iter(()), fps=5, start=1) == []
