"""Recognise human actions in video, live, one frame at a time, on small devices."""

from movinet.errors import MovinetError
from movinet.frames import Frame, Source, open_source
from movinet.models import ModelInfo, read_info
from movinet.runtime import open_model
from movinet.stream import Category, Classifier, Prediction, Stream, Summary, load

__version__ = "0.1.0"

__all__ = [
    "Category",
    "Classifier",
    "Frame",
    "ModelInfo",
    "MovinetError",
    "Prediction",
    "Source",
    "Stream",
    "Summary",
    "__version__",
    "load",
    "open_model",
    "open_source",
    "read_info",
]
