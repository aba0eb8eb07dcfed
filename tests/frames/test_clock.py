from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from movinet.errors import UsageError
from movinet.frames import Clock, Sampler, exact_seconds

GAPS = st.lists(st.integers(0, 200_000), max_size=80)
LONGER_GAPS = st.lists(st.integers(1, 200_000), max_size=80)
ORIGINS = st.integers(-(2**33), 2**33)
RATES = st.fractions(min_value=Fraction(1, 10), max_value=120, max_denominator=1001)
BASES = st.sampled_from([Fraction(1, 90_000), Fraction(1, 12_800), Fraction(1001, 30_000)])


def times_of(origin, gaps):
    return list(itertools.accumulate(gaps, initial=origin))


def taken(sampler, times):
    return [time for time in times if sampler.takes(time)]


def first_in_each_interval(times, fps):
    """The rule, said as plainly as can be."""
    intervals = {}
    for place, time in enumerate(times):
        intervals.setdefault(math.floor((time - times[0]) * fps), place)
    return [times[place] for place in sorted(intervals.values())]


# Times.


@given(st.integers(-(10**12), 10**12))
def test_a_float_means_the_nearest_microsecond(microseconds):
    assert exact_seconds(microseconds / 1e6) == Fraction(microseconds, 10**6)


@given(st.floats(-1e6, 1e6))
def test_a_float_is_never_off_by_more_than_half_a_microsecond(time):
    exact = exact_seconds(time)
    assert (exact * 10**6).denominator == 1
    assert abs(exact - Fraction(time)) <= Fraction(1, 2 * 10**6)


@given(st.integers(-(10**9), 10**9))
def test_whole_seconds_are_the_same_in_every_type(seconds):
    assert (
        exact_seconds(seconds) == exact_seconds(Fraction(seconds)) == exact_seconds(seconds * 1.0)
    )


@given(st.fractions())
def test_a_fraction_is_taken_as_it_is(time):
    assert exact_seconds(time) == time


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_a_time_must_be_finite(time):
    with pytest.raises(UsageError, match="a time must be a finite number of seconds, not"):
        exact_seconds(time)


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8, np.float32, np.float64, bool])
def test_numpys_numbers_become_ones_that_do_not_overflow(kind):
    exact = exact_seconds(kind(1))
    assert exact == 1
    assert type(exact.numerator) is type(exact.denominator) is int
    assert exact * 10**30 == 10**30


@pytest.mark.parametrize("time", ["1", None, 1j, [1], b"1"])
def test_what_is_no_number_is_refused(time):
    with pytest.raises(UsageError, match="a time must be a number of seconds, not"):
        exact_seconds(time)


# Sampling.


@given(ORIGINS, GAPS, RATES, BASES)
def test_the_first_frame_in_each_interval_is_taken(origin, gaps, fps, base):
    times = [tick * base for tick in times_of(origin, gaps)]
    assert taken(Sampler(fps), times) == first_in_each_interval(times, fps)


@given(ORIGINS, LONGER_GAPS, RATES, BASES)
def test_no_interval_is_served_twice_and_none_that_has_a_frame_goes_without(
    origin, gaps, fps, base
):
    times = [tick * base for tick in times_of(origin, gaps)]
    intervals = [math.floor((time - times[0]) * fps) for time in taken(Sampler(fps), times)]
    assert len(intervals) == len(set(intervals))
    assert set(intervals) == {math.floor((time - times[0]) * fps) for time in times}


@given(ORIGINS, GAPS, RATES, BASES)
def test_what_was_sampled_is_left_whole_by_the_same_rate(origin, gaps, fps, base):
    once = taken(Sampler(fps), [tick * base for tick in times_of(origin, gaps)])
    assert taken(Sampler(fps), once) == once


@given(ORIGINS, GAPS, RATES, BASES)
def test_ticks_and_seconds_give_the_same_frames(origin, gaps, fps, base):
    ticks = times_of(origin, gaps)
    by_ticks = taken(Sampler(fps, base), ticks)
    by_seconds = taken(Sampler(fps), [tick * base for tick in ticks])
    assert [tick * base for tick in by_ticks] == by_seconds


@given(st.integers(-(10**9), 10**9), GAPS, RATES)
def test_floats_and_fractions_give_the_same_frames(origin, gaps, fps):
    microseconds = times_of(origin, gaps)
    exact = [Fraction(time, 10**6) for time in microseconds]
    floats = [exact_seconds(time / 1e6) for time in microseconds]
    assert taken(Sampler(fps), floats) == taken(Sampler(fps), exact)


@given(ORIGINS, st.lists(st.integers(1, 100), max_size=80), st.integers(1, 5))
def test_a_source_no_faster_than_the_rate_gives_every_frame_once(origin, gaps, fps):
    # Frames at least 1 / fps seconds apart.
    times = [Fraction(time, fps) for time in times_of(origin, gaps)]
    assert taken(Sampler(Fraction(fps)), times) == times


def test_an_hour_at_30_gives_each_sixth_frame_at_5():
    count = 30 * 3600
    sampler = Sampler(Fraction(5))
    assert [n for n in range(count) if sampler.takes(Fraction(n, 30))] == [*range(0, count, 6)]


def test_a_source_at_the_very_rate_loses_no_frame_in_a_day():
    rate = Fraction(30_000, 1001)
    sampler = Sampler(rate)
    places = [*range(1000), *range(2_589_000, 2_590_000)]
    assert all(sampler.takes(place / rate) for place in places)


def test_intervals_count_from_the_first_frame_and_include_their_beginning():
    sampler = Sampler(Fraction(5))
    assert not sampler.started
    assert sampler.takes(Fraction(7, 100))
    assert sampler.started
    assert not sampler.takes(Fraction(27, 100) - Fraction(1, 10**9))
    assert sampler.takes(Fraction(27, 100))
    assert sampler.interval(Fraction(27, 100)) == 1
    assert sampler.interval(Fraction(6, 100)) == -1


@given(ORIGINS, GAPS, RATES, BASES)
def test_what_a_sampler_wants_is_what_it_would_take(origin, gaps, fps, base):
    ticks = times_of(origin, gaps)
    sampler = Sampler(fps, base)
    sampler.takes(ticks[0])
    for tick in ticks[1:]:
        wanted = sampler.wants(sampler.interval(tick))
        assert sampler.takes(tick) == wanted


# Mending.

STAMPS = st.lists(st.none() | st.integers(-1000, 1000), max_size=60)
EXACT_STAMPS = st.lists(st.none() | st.fractions(-5, 5, max_denominator=60), max_size=60)


def read(stamps, frame=40, tick=1):
    clock = Clock(frame, tick)
    return [clock.read(stamp) for stamp in stamps], clock.mended


@given(STAMPS | EXACT_STAMPS, st.sampled_from([(40, 1), (1, 1), (7, 7)]))
def test_times_increase_whatever_the_stamps_say(stamps, steps):
    times, _ = read(stamps, *steps)
    assert all(a < b for a, b in itertools.pairwise(times))
    assert len(times) == len(stamps)


@given(ORIGINS, LONGER_GAPS, BASES)
def test_a_good_clock_is_left_alone(origin, gaps, base):
    ticks = times_of(origin, gaps)
    assert read(ticks) == (ticks, 0)
    seconds = [tick * base for tick in ticks]
    assert read(seconds, Fraction(1, 30), Fraction(1, 10**6)) == (seconds, 0)


@given(st.lists(st.just(None), max_size=9), st.integers(1, 100))
def test_without_any_stamp_frames_are_a_frames_length_apart(stamps, frame):
    assert read(stamps, frame) == ([place * frame for place in range(len(stamps))], len(stamps))


@given(ORIGINS, LONGER_GAPS, st.data())
def test_a_missing_stamp_is_a_frame_after_the_one_before(origin, gaps, data):
    gaps = [gap + 40 for gap in gaps]
    ticks = times_of(origin, gaps)
    place = data.draw(st.integers(1, len(ticks)))
    times, mended = read([*ticks[:place], None, *ticks[place:]], frame=40)
    assert times[place] == ticks[place - 1] + 40
    assert mended == 1 + (ticks[place : place + 1] == [ticks[place - 1] + 40])
    assert times[:place] == ticks[:place]


@given(ORIGINS, LONGER_GAPS, LONGER_GAPS, st.integers(1, 10**9))
@example(0, [40] * 9, [40] * 9, 1)
def test_a_clock_that_is_set_back_leaves_a_seam_of_a_tick(origin, before, after, back):
    first = times_of(origin, before)
    # The whole of the second row lies before the end of the first one.
    second = times_of(first[-1] - sum(after) - back, after)
    times, mended = read(first + second)
    assert times[: len(first)] == first
    assert times[len(first) :] == times_of(first[-1] + 1, after)
    assert mended == 1


def test_a_clock_that_has_caught_up_is_believed_again():
    stamps = [0, 40, 80, 10, 50, 90, 500, 540]
    assert read(stamps) == ([0, 40, 80, 81, 121, 161, 500, 540], 1)


def test_a_clock_may_be_set_back_again():
    assert read([0, 100, 50, 200, 190, 195]) == ([0, 100, 101, 200, 201, 206], 2)


@given(ORIGINS, st.lists(st.integers(1, 100), min_size=1, max_size=40), st.data())
def test_one_bad_stamp_disturbs_only_itself(origin, gaps, data):
    ticks = times_of(origin, gaps)
    place = data.draw(st.integers(1, len(ticks)))
    bad = ticks[place - 1] - data.draw(st.integers(0, 10**6))
    times, mended = read([*ticks[:place], bad, *ticks[place:]])
    assert times[place] == ticks[place - 1] + 1
    others = times[:place] + times[place + 1 :]
    # Where there was no room for one more frame, those behind it move by a tick at most.
    assert all(0 <= time - tick <= 1 for time, tick in zip(others, ticks, strict=True))
    assert mended in (1, 2)
    assume(gaps[place - 1 : place] != [1])
    assert others == ticks
    assert mended == 1


def test_a_stamp_that_is_there_twice_moves_by_a_tick():
    assert read([0, 40, 40, 80]) == ([0, 40, 41, 80], 1)


def test_frames_a_tick_apart_keep_their_order_behind_a_stamp_that_is_there_twice():
    assert read([3, 4, 4, 5, 6, 8], frame=1) == ([3, 4, 5, 6, 7, 8], 1)


@given(st.lists(st.none() | st.integers(0, 10**6), min_size=1, max_size=60))
def test_what_is_mended_is_counted(stamps):
    times, mended = read(stamps)
    missing = sum(stamp is None for stamp in stamps)
    changed = sum(stamp != time for stamp, time in zip(stamps, times, strict=True))
    assert missing <= mended <= changed
