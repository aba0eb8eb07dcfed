"""Timestamps that are not there, or wrong."""

from __future__ import annotations

import itertools
from fractions import Fraction

import av
import pytest

from frames.kinds import COUNT, RATE
from frames.reading import between, read, sampled
from frames.videos import B_FRAMES, concatenated, numbered, write_video
from movinet.frames.container import ContainerSource

pytestmark = pytest.mark.usefixtures("quiet")


def test_a_stream_without_timestamps_goes_by_its_own_rate(tmp_path):
    path = write_video(tmp_path / "raw.h264", COUNT, options=B_FRAMES, muxer="h264")
    frames = [(n, Fraction(n, RATE)) for n in range(COUNT)]
    with ContainerSource("raw", str(path)) as source:
        assert numbered(source) == frames
    assert source.mended_times == COUNT
    assert source.duration is None
    assert read(path, 5) == frames[::6]
    assert read(path, start=Fraction(1)) == frames[30:]
    assert read(path, 5, start=Fraction(1), end=Fraction(3, 2)) == frames[30:45:6]


def test_h264_in_avi_which_has_no_presentation_times(tmp_path):
    path = write_video(tmp_path / "b-frames.avi", COUNT, options=B_FRAMES)
    frames = read(path)
    # A decoder's delay late, and else right.
    delay = frames[0][1]
    assert delay < Fraction(1, 10)
    assert frames == [(n, delay + Fraction(n, RATE)) for n in range(COUNT)]
    assert read(path, 5) == frames[::6]
    for start in (Fraction(1, 2), Fraction(1), Fraction(61, 60)):
        assert read(path, start=start) == between(frames, start)
        assert read(path, 5, start=start) == sampled(between(frames, start), 5)


MILLISECOND_CLOCK = {"video_track_timescale": "1000"}


def remux(source, target, stamp):
    """Copy packets; `stamp` gives a packet's new times from its old ones."""
    with (
        av.open(str(source)) as opened,
        av.open(str(target), "w", options=MILLISECOND_CLOCK) as out,
    ):
        stream = out.add_stream_from_template(opened.streams.video[0])
        for packet in opened.demux(video=0):
            if packet.size:
                packet.pts, packet.dts = stamp(packet.pts, packet.dts)
                packet.stream = stream
                out.mux(packet)
    return target


def test_two_frames_at_one_time_and_a_clock_of_frames(tmp_path):
    source = write_video(
        tmp_path / "a.mov",
        50,
        codec="mjpeg",
        ticks=range(50),
        time_base=Fraction(1, 1000),
        muxing=MILLISECOND_CLOCK,
    )
    # The stamp of frame 10 is there twice; those behind it are a tick apart as before.
    path = remux(source, tmp_path / "b.mov", lambda pts, dts: (pts + 3 - (pts > 10), dts))
    with ContainerSource("twice", str(path)) as opened:
        frames = numbered(opened)
    assert opened.mended_times == 1
    assert [number for number, _ in frames] == list(range(50))
    assert all(b > a for (_, a), (_, b) in itertools.pairwise(frames))


def test_a_program_stream_whose_times_go_wrong_on_the_way(tmp_path):
    # FFmpeg's own muxer gets the times behind one group wrong in this one.
    options = {"bf": "2", "g": "12"}
    path = write_video(tmp_path / "a.mpg", 90, codec="mpeg2video", rate=25, options=options)
    with ContainerSource("a", str(path)) as source:
        frames = numbered(source)
    assert source.mended_times > 0
    assert [number for number, _ in frames] == list(range(90))
    assert all(b > a for (_, a), (_, b) in itertools.pairwise(frames))
    for fps in (5, 7, Fraction(25, 3), 25):
        assert read(path, fps) == sampled(frames, fps)


def test_a_clock_that_is_set_back_goes_on_and_is_counted(tmp_path):
    with ContainerSource("both", str(concatenated(tmp_path))) as source:
        frames = numbered(source)
    tick = Fraction(1, 90_000)
    assert source.mended_times == 1
    assert frames[:20] == [(n, Fraction(n, RATE)) for n in range(20)]
    assert frames[20:] == [(n, Fraction(n - 1, RATE) + tick) for n in range(20, 40)]
    assert read(concatenated(tmp_path), 5) == sampled(frames, 5)
