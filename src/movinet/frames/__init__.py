"""Where frames come from: files, cameras, network streams, arrays; their times and their size."""

from movinet.frames.clock import Clock, Sampler, Time, exact_seconds
from movinet.frames.frame import Frame, Image, Source, check_image
from movinet.frames.opening import SourceSpec, open_source
from movinet.frames.resize import Resizer

__all__ = [
    "Clock",
    "Frame",
    "Image",
    "Resizer",
    "Sampler",
    "Source",
    "SourceSpec",
    "Time",
    "check_image",
    "exact_seconds",
    "open_source",
]
