"""Annotated videos: the same frames at the same times, upright, with marks and sound."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from kit import child
from kit.clips import COLOURS, write_colour
from kit.greyvideo import GREY, packets_of, write_grey
from kit.tracks import track_of
from movinet.errors import OutputError, SourceError, UsageError
from movinet.frames import open_source
from movinet.outputs.track import Track

pytest.importorskip("PIL")

from movinet.outputs.annotated import annotate


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def frames_of(path):
    with open_source(str(path)) as source:
        return list(source)


def times_of(path):
    return [frame.time for frame in frames_of(path)]


def differs(image):
    """Where a grey picture was drawn on, `[H, W]`."""
    left = np.full(image.shape[1], GREY)
    left[: image.shape[1] // 2] += 60
    return np.abs(image.astype(int) - left[None, :, None]).max(axis=2) > 25


# -- time -------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_all_frames_at_their_times(tmp_path, track, ending):
    ticks = [0, 33, 100, 101, 350, 400, 900, 1500, 1510, 1990]
    video = write_grey(tmp_path / "a.mp4", 10, ticks=ticks)
    out = tmp_path / f"b{ending}"
    done = []
    assert annotate(video, track, out, progress=lambda *at: done.append(at)) == ""
    assert times_of(out) == [Fraction(tick, 1000) for tick in ticks]
    assert done == [(number, 10) for number in range(1, 11)]
    assert names(tmp_path) == ["a.mp4", f"b{ending}"]
    with av.open(str(out)) as container, av.open(str(video)) as first:
        assert float(container.duration - first.duration) / av.time_base < 0.002
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_the_last_frame_keeps_its_length(tmp_path, track):
    video = write_colour(tmp_path / "a.mp4", COLOURS["red"])  # 10 frames, 5 a second
    annotate(video, track, tmp_path / "b.mp4")
    with open_source(str(tmp_path / "b.mp4")) as source:
        assert source.duration == 2


def test_it_can_be_played_before_all_of_it_is_here(tmp_path, track):
    annotate(write_grey(tmp_path / "a.mp4"), track, tmp_path / "b.mp4")
    data = (tmp_path / "b.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


# -- pictures ---------------------------------------------------------------


def test_what_is_drawn_where(tmp_path, track):
    annotate(write_grey(tmp_path / "a.mp4"), track, tmp_path / "b.mp4")
    before, during = (frames_of(tmp_path / "b.mp4")[number].image for number in (3, 7))
    for image in (before, during):
        drawn = differs(image)
        assert drawn[10:60, 12:150].mean() > 0.9  # the panel
        assert drawn[-6:].mean() > 0.9  # the strip
        assert not drawn[100:200, 200:].any()
    # "walking" is on from 0.5 to 1.0 s.
    assert not differs(before)[200:230, 8:60].any()
    assert differs(during)[205:225, 12:60].mean() > 0.9


def test_the_playhead_moves(tmp_path, track):
    annotate(write_grey(tmp_path / "a.mp4"), track, tmp_path / "b.mp4")
    heads = [frame.image[-3, :, :].min(axis=1).argmax() for frame in frames_of(tmp_path / "b.mp4")]
    assert heads == sorted(set(heads))
    assert heads[10] == pytest.approx(160, abs=4)


def test_before_the_first_prediction_there_is_no_panel(tmp_path, info):
    late = track_of(info, 5)
    late.times[:] = [time + 1 for time in late.times]
    annotate(write_grey(tmp_path / "a.mp4"), late, tmp_path / "b.mp4")
    frames = frames_of(tmp_path / "b.mp4")
    assert not differs(frames[9].image)[:100].any()
    assert differs(frames[10].image)[10:60, 12:150].any()
    annotate(tmp_path / "a.mp4", Track("a.mp4", info), tmp_path / "c.mp4")
    assert not differs(frames_of(tmp_path / "c.mp4")[15].image)[:100].any()


@pytest.mark.parametrize(("rotation", "shape"), [(90, (320, 240)), (180, (240, 320))])
def test_pictures_are_turned_upright(tmp_path, track, rotation, shape):
    video = write_grey(tmp_path / "a.mp4", 3, rotation=rotation)
    annotate(video, track, tmp_path / "b.mp4")
    old, new = frames_of(video)[0].image, frames_of(tmp_path / "b.mp4")[0].image
    assert old.shape[:2] == new.shape[:2] == shape
    middle = slice(shape[0] // 2, shape[0] - 40)
    np.testing.assert_allclose(old[middle].astype(int), new[middle], atol=8)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


@pytest.mark.parametrize("size", [(321, 241), (1, 1), (16, 33)])
def test_odd_and_tiny_pictures(tmp_path, track, size):
    video = tmp_path / "a.avi"
    write_grey(video, 3, size=size, codec="ffv1", pixels="bgra")
    annotate(video, track, tmp_path / "b.mp4")
    frames = frames_of(tmp_path / "b.mp4")
    assert len(frames) == 3
    height, width = (side + side % 2 for side in size[::-1])
    assert frames[0].image.shape[:2] == (height, width)
    if min(size) < 80:  # too small to draw on
        np.testing.assert_allclose(frames[0].image[:, -1], GREY, atol=30)


def test_pixels_that_are_not_square(tmp_path, track):
    annotate(write_grey(tmp_path / "a.mp4", 3), track, tmp_path / "square.mp4")
    video = write_grey(tmp_path / "b.mp4", 3, aspect=Fraction(2), size=(160, 240))
    annotate(video, track, tmp_path / "wide.mp4")
    (square, *_), (wide, *_) = (frames_of(tmp_path / f"{n}.mp4") for n in ("square", "wide"))
    assert wide.sample_aspect_ratio == 2
    assert wide.image.shape == (240, 160, 3)
    # Shown, both are the same.
    shrunk = square.image.astype(float).reshape(240, 160, 2, 3).mean(axis=2)
    assert np.abs(shrunk - wide.image)[:, :70].mean() < 8


@pytest.mark.parametrize(
    ("codec", "pixels"), [("libx264", "yuv444p"), ("libx264", "yuv420p10le"), ("mjpeg", "yuvj420p")]
)
def test_colours_stay_in_other_kinds_of_pixels(tmp_path, track, codec, pixels):
    video = write_grey(tmp_path / "a.mkv", 3, codec=codec, pixels=pixels)
    annotate(video, track, tmp_path / "b.mp4")
    old, new = frames_of(video)[0].image, frames_of(tmp_path / "b.mp4")[0].image
    np.testing.assert_allclose(old[100:180].astype(int), new[100:180], atol=8)
    white = new[10:60, 12:150].min(axis=2).max()
    assert white > 225  # letters are white, whatever the video calls white


# -- sound ------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_sound_is_copied(tmp_path, track, ending):
    video = write_grey(tmp_path / "a.mp4", sound="aac", quiet=200)
    annotate(video, track, tmp_path / f"b{ending}")
    name, packets = packets_of(tmp_path / f"b{ending}")
    _, first = packets_of(video)
    assert name == "aac"
    # Matroska begins at 0.
    expected = first if ending != ".mkv" else [packet for packet in first if packet[0] >= 0]
    assert [data for _, data in packets] == [data for _, data in expected]
    for (time, _), (other, _) in zip(packets, expected, strict=True):
        assert float(time) == pytest.approx(float(other), abs=0.001)


def test_sound_that_the_file_cannot_hold_becomes_aac(tmp_path, track):
    video = write_grey(tmp_path / "a.mkv", sound="pcm_s16le", quiet=300)
    annotate(video, track, tmp_path / "b.mp4")
    name, packets = packets_of(tmp_path / "b.mp4")
    assert name == "aac"
    with av.open(str(tmp_path / "b.mp4")) as container:
        frames = list(container.decode(audio=0))
        length = sum(frame.samples for frame in frames) / 44_100
    assert length == pytest.approx(1.0, abs=0.06)
    assert float(packets[0][0]) == pytest.approx(0.3, abs=0.03)
    annotate(video, track, tmp_path / "b.mkv")
    assert packets_of(tmp_path / "b.mkv")[0] == "pcm_s16le"


def test_a_beginning_that_is_not_at_zero(tmp_path, track):
    """As in transport streams; pictures and sound keep their distance."""
    ticks = range(5000, 7000, 100)
    video = write_grey(tmp_path / "a.ts", ticks=ticks, sound="aac", quiet=5400)
    with av.open(str(video)) as container:
        assert container.start_time >= 5 * av.time_base
    annotate(video, track, tmp_path / "b.mp4")
    assert times_of(tmp_path / "b.mp4") == times_of(video)
    assert times_of(video)[0] == 0
    assert float(packets_of(tmp_path / "b.mp4")[1][0][0]) == pytest.approx(0.4, abs=0.03)


# -- fonts, and what cannot be --------------------------------------------


def test_letters_that_the_font_lacks(tmp_path, info):
    from PIL import ImageFont

    own = tmp_path / "own.ttf"
    own.write_bytes(ImageFont.load_default(20).path.getvalue())
    hangul = track_of(replace(info, labels=("달리기 🏃", "a", "b", "c")), 5)
    video = write_grey(tmp_path / "a.mp4", 3)
    assert annotate(video, hangul, tmp_path / "b.mp4", font=own) == "기달리🏃"
    latin = track_of(replace(info, labels=("run", "a", "b", "c")), 5)
    assert annotate(video, latin, tmp_path / "b.mp4", font=own) == ""
    with pytest.raises(UsageError, match=r"cannot read the font .*gone\.ttf: no such file"):
        annotate(video, latin, tmp_path / "c.mp4", font=tmp_path / "gone.ttf")
    assert not (tmp_path / "c.mp4").exists()


def test_what_cannot_be(tmp_path, track):
    video = write_grey(tmp_path / "a.mp4", 3)
    before = video.read_bytes()
    link = tmp_path / "link.mp4"
    link.symlink_to(video)
    for out, said in (
        (tmp_path / "b.webm", r"b\.webm: an annotated video ends in \.mp4, \.mov or \.mkv$"),
        (video, "it is the video itself; name another file"),
        (link, "it is the video itself"),
    ):
        with pytest.raises(UsageError, match=said):
            annotate(video, track, out)
    for source in (tmp_path, tmp_path / "gone.mp4", "camera:0", "-", "test:1"):
        with pytest.raises(UsageError, match="it is no file that can be read again"):
            annotate(source, track, tmp_path / "b.mp4")
    with pytest.raises(OutputError, match="there is no folder"):
        annotate(video, track, tmp_path / "none" / "b.mp4")
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"none")
    with pytest.raises(SourceError, match="cannot read"):
        annotate(damaged, track, tmp_path / "b.mp4")
    assert video.read_bytes() == before
    assert names(tmp_path) == ["a.mp4", "damaged.mp4", "link.mp4"]


def test_a_video_without_a_picture_that_can_be_decoded(tmp_path, track):
    video = write_grey(tmp_path / "a.mp4")
    data = bytearray(video.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : data.index(b"moov") - 4] = bytes(data.index(b"moov") - 4 - start)
    video.write_bytes(data)
    with pytest.raises(SourceError, match="no picture in it could be decoded"):
        annotate(video, track, tmp_path / "b.mp4")
    assert names(tmp_path) == ["a.mp4"]


def test_an_interrupt_leaves_nothing(tmp_path, track):
    video = write_grey(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_bytes(b"older")

    def stop(done, _):
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate(video, track, tmp_path / "b.mp4", progress=stop)
    assert names(tmp_path) == ["a.mp4", "b.mp4"]
    assert (tmp_path / "b.mp4").read_bytes() == b"older"


_FULL = """
import resource, sys
from movinet.errors import OutputError
from movinet.models import read_info
from movinet.models.starter import starter_path
from movinet.outputs.annotated import annotate
from movinet.outputs.track import Track
track = Track("a.mp4", read_info(starter_path()))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    annotate(sys.argv[1], track, sys.argv[2])
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="no limits here")
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_no_room(tmp_path, ending):
    video = write_grey(tmp_path / "a.mp4")
    out = tmp_path / f"b{ending}"
    assert (
        child.python(_FULL, video, out).stdout == f"cannot write {out}: File too large\n".encode()
    )
    assert names(tmp_path) == ["a.mp4"]


_WITHOUT = """
import sys
sys.modules["PIL"] = None
from movinet.errors import MissingExtraError
from movinet.models import read_info
from movinet.models.starter import starter_path
from movinet.outputs.annotated import annotate
from movinet.outputs.track import Track
try:
    annotate(sys.argv[1], Track("a.mp4", read_info(starter_path())), sys.argv[2])
except MissingExtraError as error:
    print(error)
"""


def test_without_the_extra(tmp_path):
    video = write_grey(tmp_path / "a.mp4", 3)
    said = child.python(_WITHOUT, video, tmp_path / "b.mp4").stdout
    assert said == b"drawing pictures needs an extra: pip install 'movinet[draw]'\n"
    assert names(tmp_path) == ["a.mp4"]
