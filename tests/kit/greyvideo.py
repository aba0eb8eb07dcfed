"""Grey videos with any codec, clock and sound, and what lies in their sound track."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

GREY = 120


def write_grey(
    path,
    count=20,
    *,
    size=(320, 240),
    ticks=None,
    codec="libx264",
    aspect=None,
    rotation=None,
    sound=None,
    quiet=0,
    pixels="yuv420p",
):
    """A grey video, brighter on the left, at `ticks` of a millisecond, or 10 frames a second.

    Its sound begins `quiet` milliseconds late.
    """
    width, height = size
    image = np.full((height, width, 3), GREY, np.uint8)
    image[:, : width // 2] += 60
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        context = stream.codec_context
        context.thread_count = 1
        context.max_b_frames = 0  # lengths of such files are those that their pictures have
        context.time_base = stream.time_base = Fraction(1, 1000)
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        voice = container.add_stream(sound, rate=44_100) if sound else None
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = ticks[number] if ticks else 100 * number
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if voice is not None:
            planar = voice.format.is_planar
            layout, kind = voice.layout, np.float32 if "flt" in voice.format.name else np.int16
            samples = np.zeros(
                (layout.nb_channels, 44_100) if planar else (1, 44_100 * layout.nb_channels), kind
            )
            frame = av.AudioFrame.from_ndarray(samples, voice.format.name, layout.name)
            frame.sample_rate, frame.pts = 44_100, round(44.1 * quiet)
            frame.time_base = Fraction(1, 44_100)
            container.mux(voice.encode(frame))
            container.mux(voice.encode())
    return path


def packets_of(path):
    """The codec, and times and content of all packets of sound."""
    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        name = stream.codec_context.codec.canonical_name
        packets = [packet for packet in container.demux(stream) if packet.size]
        return name, [(packet.pts * packet.time_base, bytes(packet)) for packet in packets]
