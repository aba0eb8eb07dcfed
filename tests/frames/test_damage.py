"""Damaged packets are left out and counted; cut files give what they have."""

from __future__ import annotations

import itertools
from fractions import Fraction

import av
import pytest

from frames.kinds import COUNT, KINDS, RATE, TRANSPORT, Kind
from frames.reading import read, sampled
from frames.stumbling import Stumbling
from frames.videos import B_FRAMES, number_of, numbers_of, write_video
from movinet.frames import container
from movinet.frames.container import ContainerSource

pytestmark = pytest.mark.usefixtures("quiet")


def spoil(path, places):
    """Overwrite the packets at these places in the file."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as opened:
        packets = [(packet.pos, bytes(packet)) for packet in opened.demux(video=0)]
    for place in places:
        position, packet = packets[place]
        at = content.index(packet, position)
        content[at : at + len(packet)] = bytes(len(packet))
    path.write_bytes(content)
    return path


def test_damaged_packets_are_left_out_and_counted(tmp_path):
    path = spoil(write_video(tmp_path / "a.mkv", 30, codec="mjpeg"), [7, 18])
    with ContainerSource("a", str(path)) as source:
        assert numbers_of(source) == [n for n in range(30) if n not in (7, 18)]
    assert source.damaged_packets == 2
    assert source.ended_early is None


@pytest.mark.parametrize("places", [[0], [6], [6, 7], [12, 13, 14, 15, 16, 17]])
def test_a_damaged_packet_leaves_its_interval_to_the_next_one(tmp_path, places):
    path = spoil(write_video(tmp_path / "a.mkv", 30, codec="mjpeg"), places)
    frames = read(path)
    assert [number for number, _ in frames] == [n for n in range(30) if n not in places]
    assert read(path, 5) == sampled(frames, 5)


@pytest.mark.parametrize("place", range(8, 16))
def test_a_damaged_packet_that_others_refer_to_spoils_its_group_at_most(tmp_path, place):
    path = spoil(write_video(tmp_path / "a.mkv", 32, options=B_FRAMES), [place])
    with ContainerSource("a", str(path)) as source:
        frames = [(number_or_none(frame), frame.time) for frame in source]
    assert source.damaged_packets == 1
    times = [time for _, time in frames]
    assert times == sorted(set(times))
    whole = [*range(7), *range(16, 32)]
    assert [number for number, time in frames if not 0.22 <= time < 0.52] == whole
    with ContainerSource("a", str(path), fps=Fraction(5)) as source:
        assert [(number_or_none(frame), frame.time) for frame in source] == sampled(frames, 5)


def number_or_none(frame):
    try:
        return number_of(frame.image)
    except AssertionError:
        return None


FAST_START = Kind("first.mp4", {"options": B_FRAMES, "muxing": {"movflags": "faststart"}})
CUT = ("b-frames.mkv", "b-frames.ts", "b-frames.flv", "mjpeg.avi")


@pytest.mark.parametrize(
    "kind", [FAST_START, *(kind for kind in KINDS if kind.name in CUT)], ids=lambda kind: kind.name
)
@pytest.mark.parametrize("place", [13, 40])
def test_a_file_that_is_cut_off_gives_what_it_has(tmp_path, written, kind, place):
    whole = written(kind)
    with av.open(str(whole)) as opened:
        packet = next(itertools.islice(opened.demux(video=0), place, None))
    path = tmp_path / kind.name
    path.write_bytes(whole.read_bytes()[: packet.pos + packet.size // 2])
    with ContainerSource("cut", str(path)) as source:
        frames = [(number_or_none(frame), frame.time) for frame in source]
    # The last ones may refer to what is gone.
    intact = [number for number, _ in frames if number is not None][: place - 5]
    assert intact == list(range(place - 5))
    assert place - 3 <= len(frames) <= place + 2
    with ContainerSource("cut", str(path), fps=Fraction(5)) as source:
        assert [(number_or_none(frame), frame.time) for frame in source] == sampled(frames, 5)


def test_any_tail_of_a_transport_stream_is_read(tmp_path, written):
    whole = written(TRANSPORT).read_bytes()
    path = tmp_path / "tail.ts"
    late = []
    for packets in range(4, 60, 5):
        path.write_bytes(whole[188 * packets + 17 :])
        with ContainerSource("tail", str(path)) as source:
            frames = list(source)
        times = [frame.time for frame in frames]
        assert len(frames) > 5
        assert times[0] >= 0
        assert times == sorted(set(times))
        # What comes after the first whole group is right.
        assert numbers_of(frames[-5:]) == list(range(COUNT - 5, COUNT))
        # One who joins a live stream counts from the first picture that can be shown.
        with ContainerSource("tail", str(path), live=True) as source:
            assert [frame.time for frame in source] == [time - times[0] for time in times]
        late.append(times[0] > 0)
    assert any(late)


def stumbling(path, failures, **options):
    source = ContainerSource("a", str(path), **options)
    source._container = Stumbling(source._container, failures)
    return source


DAMAGED = av.error.InvalidDataError(1094995529, "Invalid data found when processing input")


@pytest.mark.parametrize("fps", [None, Fraction(5)])
def test_damage_between_packets_is_stepped_over_and_counted(b_frames, fps):
    with stumbling(b_frames, {3: [DAMAGED], 20: [DAMAGED] * 5}, fps=fps) as source:
        assert numbers_of(source) == list(range(0, COUNT, 6 if fps else 1))
    assert source.damaged_packets == 6
    assert source.ended_early is None


def test_endless_damage_ends(b_frames):
    with stumbling(b_frames, {30: [DAMAGED] * 1000}) as source:
        assert 20 <= len(list(source)) <= 30
    assert source.ended_early == "too many damaged packets in a row"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (av.error.FFmpegError(5, "Input/output error"), "Input/output error"),
        (OSError(5, "Input/output\nerror"), "Input/output error"),
        (PermissionError(13, "Permission denied"), "no permission to read it"),
        (TimeoutError(110, "Connection timed out"), "Connection timed out"),
    ],
)
def test_a_source_that_breaks_off_gives_what_it_had_and_says_why(b_frames, error, reason):
    with stumbling(b_frames, {30: [error]}) as source:
        numbers = numbers_of(source)
    assert numbers == list(range(len(numbers)))
    assert 20 <= len(numbers) <= 30
    assert source.ended_early == reason


def test_a_picture_that_cannot_be_converted_is_left_out_and_counted(b_frames, monkeypatch):
    convert = container.upright_image

    def refuse(picture, orientation):
        if picture.pts * picture.time_base == Fraction(12, RATE):
            raise ValueError("Conversion is not supported")
        return convert(picture, orientation)

    monkeypatch.setattr(container, "upright_image", refuse)
    with ContainerSource("a", str(b_frames)) as source:
        assert numbers_of(source) == [n for n in range(COUNT) if n != 12]
    assert source.damaged_packets == 1
