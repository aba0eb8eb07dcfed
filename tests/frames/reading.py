"""A file as a container source reads it, and as decoding all of it says it is."""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import av

from frames.videos import number_of, numbered
from movinet.frames.container import ContainerSource


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
