"""Videos of every kind that a container source reads."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from fractions import Fraction

from frames.videos import B_FRAMES, OPEN_GROUPS

COUNT = 60  # pictures in each
ALL = list(range(COUNT))
RATE = 30  # pictures a second, unless its options say otherwise


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
