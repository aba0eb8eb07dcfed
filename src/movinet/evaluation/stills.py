"""Small pictures of a clip, as JPEGs."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice

import av
import numpy as np

from movinet.errors import MovinetError
from movinet.evaluation.evaluating import span_of
from movinet.evaluation.labelled import LabelledVideo
from movinet.frames import Frame, open_source

_COUNT = 3
_LONGER = 240  # pixels of the longer side
_QUALITY = 5  # of FFmpeg, 2 is the best and 31 the worst


@dataclass(frozen=True, slots=True)
class Still:
    """One frame of a video, with square pixels.

    Attributes:
        time: seconds, of the frame.
        width, height: pixels.
        jpeg: the picture as a file.
    """

    time: Fraction
    width: int
    height: int
    jpeg: bytes = field(repr=False)


def stills(video: LabelledVideo) -> list[bytes]:
    """Three frames spread over a clip, 240 pixels at most; fewer, or none, where it has no more."""
    return [still.jpeg for still in stills_of(video.path, *span_of(video), count=_COUNT)]


def stills_of(
    path: str,
    start: Fraction | None = None,
    end: Fraction | None = None,
    *,
    count: int,
    longer: int = _LONGER,
) -> list[Still]:
    """Frames spread over a video, by seeking; fewer, or none, where it cannot be read so.

    Args:
        path: a file.
        start, end: seconds; only this part of it.
        count: how many. Each shows the middle of its share of the time.
        longer: pixels of the longer side at most.
    """
    try:
        with open_source(path, start=start, end=end) as source:
            duration = source.duration
            first = next(iter(source), None)
        last = duration if end is None or duration is None else min(end, duration)
        begin = start or Fraction(0)
        frames = []
        if last is not None and last > begin:
            for place in range(count):
                moment = begin + (last - begin) * Fraction(2 * place + 1, 2 * count)
                with open_source(path, start=moment, end=end) as source:
                    frames += [*islice(source, 1)]
        if not frames and first is not None:
            frames = [first]
        return [_still(frame, longer) for frame in frames]
    except (MovinetError, av.FFmpegError):
        return []


def _still(frame: Frame, longer: int) -> Still:
    height, width = frame.image.shape[:2]
    shown = float(width * frame.sample_aspect_ratio)
    scale = min(1.0, longer / max(height, shown))
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image), format="rgb24")
    small = picture.reformat(
        width=_even(shown * scale),
        height=_even(height * scale),
        format="yuvj420p",
        interpolation="AREA",
    )
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = small.width, small.height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"qmin": str(_QUALITY), "qmax": str(_QUALITY)}
    small.pts, small.time_base = 0, encoder.time_base
    packets = [*encoder.encode(small), *encoder.encode(None)]
    data = b"".join(bytes(packet) for packet in packets)
    return Still(frame.time, small.width, small.height, data)


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
