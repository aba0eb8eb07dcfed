"""Small pictures of a clip, as JPEGs."""

from __future__ import annotations

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


def stills(video: LabelledVideo) -> list[bytes]:
    """Three frames spread over a clip, 240 pixels at most; fewer, or none, where it has no more."""
    start, end = span_of(video)
    try:
        with open_source(video.path, start=start, end=end) as source:
            duration = source.duration
            first = next(iter(source), None)
        last = duration if end is None or duration is None else min(end, duration)
        begin = start or Fraction(0)
        frames = []
        if last is not None and last > begin:
            for place in range(_COUNT):
                moment = begin + (last - begin) * Fraction(2 * place + 1, 2 * _COUNT)
                with open_source(video.path, start=moment, end=end) as source:
                    frames += [*islice(source, 1)]
        if not frames and first is not None:
            frames = [first]
        return [_jpeg(frame) for frame in frames]
    except (MovinetError, av.FFmpegError):
        return []


def _jpeg(frame: Frame) -> bytes:
    height, width = frame.image.shape[:2]
    shown = float(width * frame.sample_aspect_ratio)
    scale = min(1.0, _LONGER / max(height, shown))
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
    return b"".join(bytes(packet) for packet in packets)


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
