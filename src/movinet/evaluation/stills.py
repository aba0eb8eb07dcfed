"""One small picture of a clip, as a JPEG."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from movinet.errors import MovinetError
from movinet.evaluation.evaluating import span_of
from movinet.evaluation.labelled import LabelledVideo
from movinet.frames import Frame, open_source

_LONGER = 240  # pixels of the longer side
_QUALITY = 5  # of FFmpeg, 2 is the best and 31 the worst


def still(video: LabelledVideo) -> bytes | None:
    """A frame from the middle of a clip, 240 pixels at most; None when there is none."""
    start, end = span_of(video)
    try:
        with open_source(video.path, start=start, end=end) as source:
            duration = source.duration
            first = next(iter(source), None)
        last = duration if end is None or duration is None else min(end, duration)
        begin = start or Fraction(0)
        frame = None
        if last is not None and last > begin:
            with open_source(video.path, start=(begin + last) / 2) as source:
                frame = next(iter(source), None)
        frame = frame or first
        return None if frame is None else _jpeg(frame)
    except (MovinetError, av.FFmpegError):
        return None


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
