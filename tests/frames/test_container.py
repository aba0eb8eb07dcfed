"""Every kind of file: all frames at their times, or fewer, until it is closed."""

from __future__ import annotations

import gc
from fractions import Fraction

import av
import numpy as np
import pytest

from frames.kinds import COUNT, KINDS, RATE, TRANSPORT, Kind
from frames.reading import everything, read, sampled
from frames.videos import B_FRAMES, numbered, numbers_of, write_video
from movinet.errors import SourceError
from movinet.frames import Frame
from movinet.frames.container import ContainerSource

pytestmark = pytest.mark.usefixtures("quiet")


# Every frame, at its time.


def test_all_frames_come_in_order_at_their_times(video):
    with ContainerSource("video", f"file:{video}") as source:
        frames = list(source)
    assert numbered(frames) == everything(video)
    assert numbers_of(frames) == list(range(COUNT))
    assert [frame.index for frame in frames] == list(range(COUNT))
    assert source.damaged_packets == source.mended_times == 0
    assert source.ended_early is None


def test_times_are_exact_fractions(b_frames):
    assert [time for _, time in read(b_frames)] == [Fraction(n, RATE) for n in range(COUNT)]
    assert all(type(time) is Fraction for _, time in read(b_frames))


def test_times_of_an_odd_rate_are_exact(tmp_path):
    rate = Fraction(30_000, 1001)
    path = write_video(tmp_path / "ntsc.mp4", 40, rate=rate, options=B_FRAMES)
    assert read(path) == [(n, n / rate) for n in range(40)]


def test_a_container_that_begins_late_begins_at_zero(written):
    path = written(TRANSPORT)
    with av.open(str(path)) as opened:
        assert opened.start_time >= 1_000_000_000
    assert read(path)[0] == (0, 0)


def test_frames_are_rgb(tmp_path):
    red = np.full((48, 64, 3), (255, 0, 0), np.uint8)
    path = write_video(tmp_path / "red.mp4", [red] * 3)
    with ContainerSource("red", str(path)) as source:
        frame = next(iter(source))
    assert isinstance(frame, Frame)
    assert frame.image.dtype == np.uint8
    assert np.abs(frame.image.astype(int) - red).max() < 12


# Fewer frames.


@pytest.mark.parametrize("fps", [5, Fraction(25, 3), Fraction(7001, 1000), 24, 30, 1000])
def test_sampling_gives_what_decoding_everything_gives(video, fps):
    assert read(video, fps) == sampled(everything(video), fps)


def test_only_the_frames_that_are_taken_are_converted(video, counting):
    taken = read(video, 5)
    assert counting.images == len(taken) < COUNT


@pytest.mark.parametrize("kind", [k for k in KINDS if k.saves], ids=lambda kind: kind.name)
def test_pictures_that_nobody_needs_are_not_decoded(kind, written, counting):
    read(written(kind), 5)
    sampled_pictures, counting.pictures = counting.pictures, 0
    read(written(kind))
    assert counting.pictures == COUNT
    assert sampled_pictures < 0.8 * COUNT


def test_b_frames_are_decoded_only_where_they_are_taken(tmp_path, counting):
    options = {"bf": "3", "b-adapt": "0", "b-pyramid": "none", "sc_threshold": "0"}
    path = write_video(tmp_path / "long.mp4", 300, options=options)
    assert [number for number, _ in read(path, 5)] == list(range(0, 300, 6))
    # One in four is no B-frame. Of the 50 that are taken half are none. A few show at the ends.
    assert counting.pictures <= 75 + 25 + 8


def test_packets_that_stand_alone_are_not_even_looked_at(written, counting):
    assert len(read(written(Kind("mjpeg.avi", {"codec": "mjpeg"})), 5)) == COUNT / 6
    # But for those behind the first one before it is shown.
    assert counting.packets <= COUNT / 6 + 1


# Around it.


def test_the_duration_is_known_beforehand(b_frames):
    with ContainerSource("a", str(b_frames)) as source:
        assert source.duration == Fraction(COUNT, RATE)
        assert not source.live
        assert source.timed


def test_a_live_source_has_no_duration_and_counts_from_its_first_frame(written):
    path = written(TRANSPORT)
    with ContainerSource("a", str(path), live=True, start=Fraction(1)) as source:
        assert source.duration is None
        frames = numbered(source)
    assert frames == [(n, Fraction(n, RATE)) for n in range(30, COUNT)]


def test_closing_twice_does_no_harm_and_lets_go_of_the_file(b_frames):
    source = ContainerSource("a", str(b_frames))
    next(iter(source))
    source.close()
    source.close()
    with pytest.raises(AssertionError, match="not open"):
        _ = source._container.start_time


def test_a_closed_source_is_one_line_and_no_crash(b_frames):
    source = ContainerSource("clip.mp4", str(b_frames))
    source.close()
    with pytest.raises(SourceError, match=r"^cannot read clip\.mp4: it is closed$"):
        list(source)


def test_a_source_that_is_closed_on_the_way_ends(b_frames):
    source = ContainerSource("clip.mp4", str(b_frames))
    seen = 0
    for _ in source:
        seen += 1
        source.close()
    assert seen < COUNT


def test_pictures_do_not_pile_up(b_frames):
    """Asking each for its orientation would leave it to the garbage collector."""

    def pictures() -> int:
        return sum(type(thing) is av.VideoFrame for thing in gc.get_objects())

    gc.collect()
    before = pictures()
    gc.disable()
    try:
        with ContainerSource("clip.mp4", str(b_frames)) as source:
            for _ in source:
                pass
        kept = pictures() - before
    finally:
        gc.enable()
    assert kept <= 5 < COUNT  # the first of each size, and those in the hands of the loop
