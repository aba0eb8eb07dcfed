from __future__ import annotations

import functools
import gc
import io
import itertools
import math
import random
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frames.videos import (
    B_FRAMES,
    OPEN_GROUPS,
    number_of,
    numbered,
    numbers_of,
    paint,
    write_audio,
    write_video,
)
from movinet.errors import SourceError
from movinet.frames import Frame, Resizer, container
from movinet.frames.container import ContainerSource
from movinet.frames.orientation import orientation_of, upright_image

COUNT = 60
RATE = 30


@dataclass(frozen=True)
class Kind:
    """A way to write a video, and what is special about it."""

    name: str
    options: dict = field(default_factory=dict)
    saves: bool = True  # whether fewer pictures are decoded when fewer are wanted


def _uneven(ticks_a_second):
    """Frames 1/60 to 1/3 of a second apart."""
    gaps = random.Random(5).choices([1, 2, 2, 2, 6, 20], k=COUNT - 1)
    sixtieths = itertools.accumulate(gaps, initial=0)
    return [round(place * ticks_a_second / 60) for place in sixtieths]


MPEG4 = {"codec": "mpeg4", "options": {"bf": "2", "g": "8"}}
MPEG2 = {"codec": "mpeg2video", "rate": 25, "options": {"bf": "2", "g": "8"}}
HEVC = {"codec": "libx265", "options": {"x265-params": "keyint=8:bframes=3:log-level=none"}}
VP9 = {"codec": "libvpx-vp9", "options": {"g": "8", "deadline": "realtime", "cpu-used": "8"}}
MILLISECONDS = {"ticks": _uneven(1000), "time_base": Fraction(1, 1000)}

# As from a tuner, whose clock has long been going.
LATE = {"muxing": {"output_ts_offset": "1000"}}
TRANSPORT = Kind("b-frames.ts", {"options": B_FRAMES, **LATE})

KINDS = [
    Kind("b-frames.mp4", {"options": B_FRAMES}),
    Kind("b-frames.mkv", {"options": B_FRAMES}),
    TRANSPORT,
    Kind("b-frames.flv", {"options": B_FRAMES}),
    Kind("open-groups.mp4", {"options": OPEN_GROUPS}),
    Kind("open-groups.ts", {"options": OPEN_GROUPS, **LATE}),
    Kind("hevc.mp4", HEVC),
    Kind("mpeg2.ts", MPEG2),
    Kind("mpeg4.avi", MPEG4),
    Kind("vp9.webm", VP9, saves=False),
    Kind("plain.mp4", {"options": {"bf": "0", "g": "8"}}, saves=False),
    Kind("one-group.mp4", {"options": {"bf": "3", "g": "999"}}),
    Kind("mjpeg.avi", {"codec": "mjpeg"}),
    Kind("mjpeg.mov", {"codec": "mjpeg"}),
    Kind("moving.gif", {"codec": "gif", "rate": 25}, saves=False),
    Kind("uneven.mp4", {"ticks": _uneven(90_000), "options": B_FRAMES}),
    Kind("uneven.mkv", {**MILLISECONDS, "options": B_FRAMES}),
    Kind("uneven.ts", {"ticks": _uneven(90_000), "options": B_FRAMES, **LATE}),
    Kind("uneven-mjpeg.mkv", {**MILLISECONDS, "codec": "mjpeg"}),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A function that gives the path of a video of some kind, written once."""
    folder = tmp_path_factory.mktemp("videos")

    def write(kind: Kind) -> Path:
        path = folder / kind.name
        return path if path.exists() else write_video(path, COUNT, **kind.options)

    return write


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def video(request, written):
    return written(request.param)


@pytest.fixture
def b_frames(written):
    return written(KINDS[0])


@pytest.fixture(autouse=True)
def quiet(capfd):
    """FFmpeg has a lot to say of a bad file; none of it may reach the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


def read(path, fps=None, **options):
    fps = None if fps is None else Fraction(fps)
    with ContainerSource("video", f"file:{path}", fps=fps, **options) as source:
        return numbered(source)


@functools.cache
def everything(path):
    """All frames of a file whose timestamps are good: (number, seconds)."""
    with av.open(str(path)) as opened:
        stream = opened.streams.video[0]
        return [
            (
                number_of(picture.to_ndarray(format="rgb24")),
                (picture.pts - stream.start_time) * stream.time_base,
            )
            for picture in opened.decode(stream)
        ]


def sampled(frames, fps):
    """The first frame in each interval, counted from the first."""
    intervals = {}
    for number, time in frames:
        intervals.setdefault(math.floor((time - frames[0][1]) * fps), (number, time))
    return list(intervals.values())


def between(frames, start=0, end=math.inf):
    return [(number, time) for number, time in frames if start <= time < end]


class Counting:
    """How many packets are decoded, pictures shown and pictures converted."""

    def __init__(self, monkeypatch):
        self.packets = self.pictures = self.images = 0
        decode, convert = ContainerSource._decode, container.upright_image

        def counted_decode(source, packet, selector):
            self.packets += packet.size > 0
            for picture in decode(source, packet, selector):
                self.pictures += 1
                yield picture

        def counted_convert(picture, orientation):
            self.images += 1
            return convert(picture, orientation)

        monkeypatch.setattr(ContainerSource, "_decode", counted_decode)
        monkeypatch.setattr(container, "upright_image", counted_convert)


@pytest.fixture
def counting(monkeypatch):
    return Counting(monkeypatch)


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


# From here to there.


@pytest.mark.parametrize("fps", [None, 5])
def test_any_start_gives_the_frames_from_there_on(video, fps):
    frames = everything(video)
    step = frames[1][1] - frames[0][1]
    starts = [time for _, time in frames[::3]] + [time + step / 3 for _, time in frames[1::7]]
    for start in starts:
        wanted = between(frames, start)
        wanted = sampled(wanted, fps) if fps else wanted
        assert read(video, fps, start=start) == wanted, f"from {start}"


@pytest.mark.parametrize("fps", [None, 7])
def test_any_end_gives_the_frames_before_it(video, fps):
    frames = everything(video)
    for end in [frames[1][1], frames[20][1], frames[20][1] + Fraction(1, 1000), Fraction(100)]:
        wanted = between(frames, 0, end)
        assert read(video, fps, end=end) == (sampled(wanted, fps) if fps else wanted)


def test_start_and_end_together(video):
    frames = everything(video)
    start, end = frames[21][1], frames[43][1]
    assert read(video, start=start, end=end) == frames[21:43]
    assert read(video, 3, start=start, end=end) == sampled(frames[21:43], 3)


@st.composite
def videos_and_wishes(draw):
    """How to write a video, at what rate to read it, and from where."""
    sixtieths = draw(st.lists(st.integers(1, 24), min_size=11, max_size=39))
    options = {
        "g": str(draw(st.integers(1, 20))),
        "bf": str(draw(st.integers(0, 4))),
        "b-pyramid": draw(st.sampled_from(["none", "strict", "normal"])),
        "b-adapt": "0",
        "x264-params": f"open-gop={draw(st.integers(0, 1))}",
    }
    suffix = draw(st.sampled_from(["mp4", "mkv", "ts", "flv", "mov"]))
    milliseconds = suffix in ("mkv", "flv")
    ticks = [
        round(Fraction(place, 60) * (1000 if milliseconds else 90_000))
        for place in itertools.accumulate(sixtieths, initial=0)
    ]
    written = {
        "ticks": ticks,
        "time_base": Fraction(1, 1000 if milliseconds else 90_000),
        "options": options,
        "muxing": {"output_ts_offset": "7"} if suffix == "ts" and draw(st.booleans()) else {},
    }
    fps = draw(st.none() | st.fractions(Fraction(1, 2), 60, max_denominator=12))
    start = draw(st.integers(0, len(ticks)))
    return suffix, written, fps, start, draw(st.booleans())


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(videos_and_wishes())
def test_any_video_at_any_rate_from_anywhere(tmp_path, wish):
    suffix, options, fps, place, just_behind = wish
    path = write_video(tmp_path / f"any.{suffix}", len(options["ticks"]), **options)
    frames = everything.__wrapped__(path)
    assert [number for number, _ in frames] == list(range(len(options["ticks"])))
    start = frames[place][1] if place < len(frames) else frames[-1][1] + 1
    start += Fraction(1, 10_000) if just_behind else 0
    wanted = between(frames, start)
    wanted = sampled(wanted, fps) if fps else wanted
    assert read(path, fps, start=start) == wanted


def test_indices_count_what_is_given(b_frames):
    with ContainerSource("video", str(b_frames), fps=Fraction(5), start=Fraction(1)) as source:
        assert [frame.index for frame in source] == list(range(5))


def test_a_start_behind_the_end_gives_nothing(video):
    assert read(video, start=Fraction(1000)) == []
    assert read(video, 5, start=Fraction(1000)) == []


def test_a_late_start_does_not_decode_what_lies_before(tmp_path, counting):
    path = write_video(tmp_path / "long.mp4", 600, options={"g": "30"})
    assert read(path, start=Fraction(19))[0] == (570, 19)
    assert counting.pictures <= 60


# Where the index lies at the end, a pipe is of no use.
@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k.name[-3:] not in ("mp4", "mov")], ids=lambda kind: kind.name
)
def test_a_pipe_is_read_up_to_the_start(kind, written):
    video = written(kind)

    class Pipe(io.RawIOBase):
        """Cannot seek."""

        def __init__(self, content):
            self.read = io.BytesIO(content).read

        def readable(self):
            return True

    content = video.read_bytes()
    options = {"seekable": False, "fps": Fraction(5)}
    with ContainerSource("pipe", Pipe(content), start=Fraction(1), **options) as source:
        assert numbered(source) == sampled(between(everything(video), 1), 5)


def test_a_format_that_cannot_seek_is_read_again_from_the_beginning(video, monkeypatch):
    frames = everything(video)
    monkeypatch.setattr(container, "_MARGINS", ())
    assert read(video, start=frames[30][1]) == frames[30:]


# Timestamps that are not there, or wrong.


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


def concatenated(tmp_path):
    parts = [
        write_video(tmp_path / "1.ts", range(20), options=B_FRAMES),
        write_video(tmp_path / "2.ts", range(20, 40), options=B_FRAMES, size=(128, 96)),
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def test_a_clock_that_is_set_back_goes_on_and_is_counted(tmp_path):
    with ContainerSource("both", str(concatenated(tmp_path))) as source:
        frames = numbered(source)
    tick = Fraction(1, 90_000)
    assert source.mended_times == 1
    assert frames[:20] == [(n, Fraction(n, RATE)) for n in range(20)]
    assert frames[20:] == [(n, Fraction(n - 1, RATE) + tick) for n in range(20, 40)]
    assert read(concatenated(tmp_path), 5) == sampled(frames, 5)


# The shape of the picture.

UPRIGHT = (64, 48)
MATRICES = {
    "as it is": ((1, 0, 0, 1), lambda image: image),
    "clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, 1)),
    "upside down": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "anticlockwise": ((0, -1, 1, 0), lambda image: np.rot90(image, -1)),
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "flipped": ((1, 0, 0, -1), lambda image: image[::-1]),
    "over the diagonal": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    "over the other": ((0, -1, -1, 0), lambda image: image[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("fps", [None, 5])
def test_pictures_are_turned_as_the_display_matrix_says(tmp_path, name, fps):
    matrix, lay = MATRICES[name]
    coded = [lay(paint(number, UPRIGHT)) for number in range(12)]
    height, width = coded[0].shape[:2]
    path = write_video(tmp_path / "turned.mp4", coded, size=(width, height), matrix=matrix)
    with ContainerSource("turned", str(path), fps=fps and Fraction(fps)) as source:
        frames = list(source)
    assert numbers_of(frames) == list(range(0, 12, 6 if fps else 1))
    assert all(frame.image.shape == (48, 64, 3) for frame in frames)
    assert all(frame.image.flags.c_contiguous for frame in frames)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pictures_are_turned_by_the_rotation_that_phones_write(tmp_path, degrees):
    coded = np.rot90(paint(77, UPRIGHT), -degrees // 90)
    path = write_video(
        tmp_path / "phone.mp4",
        [coded] * 3,
        size=(coded.shape[1], coded.shape[0]),
        rotation=degrees,
    )
    assert [number for number, _ in read(path)] == [77] * 3


def test_a_rotation_of_which_only_the_angle_is_known():
    class Picture:
        """As PyAV gives it where there is side data of a kind that it does not know."""

        def __init__(self, rotation):
            self.rotation = rotation

        @property
        def side_data(self):
            raise ValueError("31 is not a valid Type")

        def to_ndarray(self, **_):
            return np.rot90(paint(5), -self.rotation // 90)

    for rotation in (0, 90, 180, -180, 270, -90):
        picture = Picture(rotation)
        assert number_of(upright_image(picture, orientation_of(picture))) == 5


@pytest.mark.parametrize(
    ("aspect", "rotation", "expected"),
    [
        (None, 0, Fraction(1)),
        (Fraction(1), 0, Fraction(1)),
        (Fraction(16, 15), 0, Fraction(16, 15)),
        (Fraction(16, 15), 180, Fraction(16, 15)),
        (Fraction(16, 15), 90, Fraction(15, 16)),
        (Fraction(16, 15), 270, Fraction(15, 16)),
    ],
)
def test_the_sample_aspect_ratio_is_that_of_the_upright_picture(
    tmp_path, aspect, rotation, expected
):
    coded = np.rot90(paint(1), -rotation // 90)
    size = coded.shape[1], coded.shape[0]
    path = write_video(tmp_path / "a.mp4", [coded] * 2, size=size, aspect=aspect, rotation=rotation)
    with ContainerSource("a", str(path)) as source:
        assert [frame.sample_aspect_ratio for frame in source] == [expected] * 2


def test_a_size_may_change_on_the_way(tmp_path):
    with ContainerSource("both", str(concatenated(tmp_path))) as source:
        frames = list(source)
    assert numbers_of(frames) == list(range(40))
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 20 + [(96, 128, 3)] * 20
    resizer = Resizer(48, 64)
    assert [number_of(resizer(frame.image)) for frame in frames] == list(range(40))


def test_pictures_of_a_new_size_are_asked_for_their_orientation_again(tmp_path, monkeypatch):
    asked = []
    ask = container.orientation_of
    monkeypatch.setattr(container, "orientation_of", lambda p: asked.append(p.width) or ask(p))
    with ContainerSource("both", str(concatenated(tmp_path))) as source:
        assert len(list(source)) == 40
    assert asked == [64, 128]


def test_a_video_of_one_pixel(tmp_path):
    pixel = np.full((1, 1, 3), 77, np.uint8)
    path = write_video(tmp_path / "pixel.avi", [pixel] * 3, codec="mjpeg", size=(1, 1))
    with ContainerSource("pixel", str(path)) as source:
        frames = [frame.image for frame in source]
    assert [frame.shape for frame in frames] == [(1, 1, 3)] * 3
    assert all(abs(int(frame.mean()) - 77) < 4 for frame in frames)


# Damage.


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


class Stumbling:
    """A container whose demuxer raises before the packets at some places."""

    def __init__(self, inner, failures):
        self._inner = inner
        self._failures = failures
        self._packets = None
        self._place = 0

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def demux(self, stream):
        self._packets = self._packets or self._inner.demux(stream)
        while True:
            for error in self._failures.get(self._place, ()):
                self._failures[self._place] = [*self._failures[self._place][1:]]
                raise error
            self._place += 1
            try:
                yield next(self._packets)
            except StopIteration:
                return


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


# What is no video.


def refusal(path):
    with pytest.raises(SourceError) as caught:
        ContainerSource("the file", str(path))
    message = str(caught.value)
    assert message.startswith("cannot read the file: ")
    assert "\n" not in message
    return message.removeprefix("cannot read the file: ")


def test_sound_alone_is_no_video(tmp_path):
    assert refusal(write_audio(tmp_path / "a.m4a")) == "not a video (no video stream)"


def test_a_picture_on_a_sleeve_is_no_video(tmp_path):
    path = write_audio(tmp_path / "a.mp3", cover=True)
    with av.open(str(path)) as opened:
        assert len(opened.streams.video) == 1
    assert refusal(path) == "not a video (no video stream)"


def test_a_kind_of_video_that_nobody_knows(tmp_path):
    path = write_video(tmp_path / "a.mp4", 3)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    assert refusal(path) == "no decoder for its kind of video"


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "none.mp4") == "no such file"


@pytest.mark.parametrize("name", ["none.mkv", "none.mp4", "none.mov"])
def test_a_video_without_frames_is_none(tmp_path, name):
    assert refusal(write_video(tmp_path / name, 0)).startswith("not a video")


def test_a_video_without_frames_that_looks_like_one_gives_none(tmp_path):
    path = write_video(tmp_path / "none.avi", 0)
    for fps in (None, Fraction(5)):
        with ContainerSource("none", str(path), fps=fps) as source:
            assert list(source) == []


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


def test_the_file_is_closed_when_it_is_no_video(tmp_path, monkeypatch):
    closed = []
    pick = ContainerSource._pick_stream

    def watched(source):
        opened = source._container
        source._container = Stumbling(opened, {})
        source._container.close = lambda: closed.append(opened.close())
        return pick(source)

    monkeypatch.setattr(ContainerSource, "_pick_stream", watched)
    refusal(write_audio(tmp_path / "a.m4a"))
    assert closed == [None]


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
