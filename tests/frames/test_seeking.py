"""From here to there: any start and any end, in pipes too."""

from __future__ import annotations

import io
import itertools
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frames.kinds import KINDS
from frames.reading import between, everything, read, sampled
from frames.videos import numbered, write_video
from movinet.frames import container
from movinet.frames.container import ContainerSource

pytestmark = pytest.mark.usefixtures("quiet")


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
