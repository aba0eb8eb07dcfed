"""Frames in, predictions out."""

from movinet.stream.classifier import Classifier, Gathering, ModelFile, detector_of, predictions
from movinet.stream.events import EventDetector, EventOptions
from movinet.stream.horizon import Horizon, HorizonState
from movinet.stream.loading import find, load
from movinet.stream.pace import Pace
from movinet.stream.prediction import Category, Event, Prediction, Summary, softmax, top_categories
from movinet.stream.stream import Stream, StreamOptions

__all__ = [
    "Category",
    "Classifier",
    "Event",
    "EventDetector",
    "EventOptions",
    "Gathering",
    "Horizon",
    "HorizonState",
    "ModelFile",
    "Pace",
    "Prediction",
    "Stream",
    "StreamOptions",
    "Summary",
    "detector_of",
    "find",
    "load",
    "predictions",
    "softmax",
    "top_categories",
]
