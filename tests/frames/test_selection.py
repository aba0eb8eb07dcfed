from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.frames import Sampler
from movinet.frames.selection import PacketSelector

BASE = Fraction(1, 100)  # seconds a tick


@dataclass(frozen=True)
class Packet:
    pts: int | None
    dts: int | None
    size: int = 1


def in_decoding_order(times, windows):
    """Packets for frames at `times`, shuffled within windows as B-frames are."""
    left, order = list(times), []
    for window in windows:
        if not left:
            break
        group, left = left[: len(window)], left[len(window) :]
        order += [group[place] for place in window if place < len(group)]
    order += left
    # Decoding times increase and are never behind the presentation of their own frame.
    delay = max(max(early - pts, 0) for early, pts in zip(times, order, strict=True))
    return [Packet(pts, early - delay) for early, pts in zip(times, order, strict=True)]


@st.composite
def streams(draw):
    gaps = draw(st.lists(st.integers(1, 30), min_size=1, max_size=60))
    times = list(itertools.accumulate(gaps, initial=draw(st.integers(-500, 500))))
    windows = draw(st.lists(st.integers(1, 5).flatmap(lambda n: st.permutations(range(n)))))
    return in_decoding_order(times, windows)


def regular(count, step=4, group=(3, 1, 0, 2)):
    """Frames `step` ticks apart, in groups that are decoded in this order."""
    times = [place * step for place in range(count)]
    return in_decoding_order(times, [group] * count)


def watch(packets, fps, first=None, needs=None):
    """What a decoder shows and the sampler takes when only needed packets are decoded."""
    sampler = Sampler(fps, BASE)
    selector = PacketSelector(sampler, first)
    taken, decoded, waiting, passed = [], [], [], []

    def decode(decided):
        for packet, needed in decided:
            passed.append(packet)
            if not needed:
                continue
            decoded.append(packet)
            waiting.append(packet)
            # A decoder shows what can no longer be preceded by anything.
            ready = sorted(p.pts for p in waiting if p.pts <= packet.dts)
            waiting[:] = [p for p in waiting if p.pts > packet.dts]
            taken.extend(pts for pts in ready if wanted(pts) and sampler.takes(pts))

    def wanted(pts):
        return first is None or pts >= first

    for packet in packets:
        decode(selector.add(packet))
    decode(selector.flush())
    taken.extend(p for p in sorted(p.pts for p in waiting) if wanted(p) and sampler.takes(p))
    assert passed == packets, "packets are lost or change places"
    if needs is not None:
        needs.extend(packet.pts for packet in decoded)
    return taken


def expected(packets, fps, first=None):
    sampler = Sampler(fps, BASE)
    times = sorted(p.pts for p in packets if first is None or p.pts >= first)
    return [pts for pts in times if sampler.takes(pts)]


@given(streams(), st.fractions(Fraction(1, 2), 60, max_denominator=30))
def test_the_frames_taken_are_those_of_decoding_everything(packets, fps):
    assert watch(packets, fps) == expected(packets, fps)


@given(streams(), st.fractions(Fraction(1, 2), 60, max_denominator=30), st.integers(0, 900))
def test_so_they_are_from_any_start(packets, fps, later):
    first = packets[0].pts + later
    assert watch(packets, fps, first) == expected(packets, fps, first)


@pytest.mark.parametrize("group", [(0,), (3, 1, 0, 2), (2, 0, 1)])
def test_what_nobody_takes_is_not_needed(group):
    needs = []
    # 25 frames a second for 16 seconds, 5 a second wanted.
    taken = watch(regular(400, group=group), Fraction(5), needs=needs)
    assert taken == list(range(0, 1600, 20))
    # But for the few that come before the first one is shown.
    assert set(taken) <= set(needs)
    assert len(needs) <= len(taken) + 6


def test_a_packet_behind_one_in_the_same_interval_need_not_wait():
    sampler = Sampler(Fraction(5), BASE)
    sampler.takes(0)
    selector = PacketSelector(sampler)
    first, later, other = Packet(20, 20), Packet(36, 24), Packet(56, 28)
    assert list(selector.add(first)) == [(first, True)]
    sampler.takes(20)
    assert list(selector.add(later)) == [(later, False)]
    # Of this one's interval there may be more to come.
    assert list(selector.add(other)) == []
    assert list(selector.flush()) == [(other, True)]


def test_before_the_start_nothing_is_needed():
    needs = []
    taken = watch(regular(400), Fraction(5), first=1001, needs=needs)
    assert taken == list(range(1004, 1600, 20))
    assert min(needs) >= 1001


@pytest.mark.parametrize(
    "change",
    [
        lambda packet: replace(packet, pts=None),
        lambda packet: replace(packet, dts=None),
        lambda packet: replace(packet, dts=packet.dts - 400),
        lambda packet: replace(packet, pts=packet.pts - 4),
        lambda packet: replace(packet, pts=packet.pts + 4),
    ],
    ids=["no pts", "no dts", "dts goes back", "pts as before", "pts as behind"],
)
def test_where_times_cannot_be_relied_on_everything_is_needed(change):
    packets = regular(200, group=(0,))
    packets[101] = change(packets[101])
    sampler = Sampler(Fraction(5), BASE)
    sampler.takes(packets[0].pts)
    selector = PacketSelector(sampler)
    decided = [pair for packet in packets for pair in selector.add(packet)]
    decided += selector.flush()
    assert [packet for packet, _ in decided] == packets
    assert not all(needed for _, needed in decided[:100])
    # A stamp that is there twice shows with the second packet.
    assert all(needed for _, needed in decided[102:])


def test_decoding_times_may_be_unknown_at_the_beginning():
    packets = regular(400)
    packets[:3] = [replace(packet, dts=None) for packet in packets[:3]]
    sampler = Sampler(Fraction(5), BASE)
    selector = PacketSelector(sampler)
    decided = [*selector.add(packets[0])]
    sampler.takes(0)
    decided += [pair for packet in packets[1:] for pair in selector.add(packet)]
    decided += selector.flush()
    assert [packet for packet, _ in decided] == packets
    assert all(needed for _, needed in decided[:3])
    assert [packet.pts for packet, needed in decided[4:] if needed] == list(range(20, 1600, 20))


def test_nothing_is_known_of_a_stream_without_any_times():
    selector = PacketSelector(Sampler(Fraction(5), BASE))
    packet = Packet(None, None)
    assert list(selector.add(packet)) == [(packet, True)]
    assert list(selector.flush()) == []


def test_after_damage_everything_is_needed():
    sampler = Sampler(Fraction(1), BASE)
    sampler.takes(0)
    selector = PacketSelector(sampler)
    packets = regular(100)
    before = [pair for packet in packets[:50] for pair in selector.add(packet)]
    selector.distrust()
    after = [pair for packet in packets[50:] for pair in selector.add(packet)]
    after += selector.flush()
    assert [packet for packet, _ in before + after] == packets
    assert not any(needed for packet, needed in before if packet.pts % 100)
    assert all(needed for _, needed in after)


def test_a_stream_whose_decoding_times_stand_still_is_not_read_into_memory():
    sampler = Sampler(Fraction(1), BASE)
    sampler.takes(0)
    selector = PacketSelector(sampler)
    decided, longest = [], 0
    # One frame to an interval, so that none settles another.
    for number in range(1, 1000):
        decided += selector.add(Packet(number * 100, 0))
        longest = max(longest, number - len(decided))
    decided += selector.flush()
    assert 10 < longest <= 100
    assert [packet.pts for packet, needed in decided if needed] == list(range(100, 100_000, 100))
