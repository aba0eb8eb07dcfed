"""Models side by side: what they cost, and how often they are right."""

from movinet.evaluation.benchmark import NotRun, Result, benchmark, machine
from movinet.evaluation.entrants import Configuration, Entrant, configurations, enter
from movinet.evaluation.footage import FrameCost
from movinet.evaluation.isolation import Cost
from movinet.evaluation.labelled import Accuracy, LabelledVideo, read_labelled, unknown_labels
from movinet.evaluation.timing import Lane, Timing, take_turns

__all__ = [
    "Accuracy",
    "Configuration",
    "Cost",
    "Entrant",
    "FrameCost",
    "LabelledVideo",
    "Lane",
    "NotRun",
    "Result",
    "Timing",
    "benchmark",
    "configurations",
    "enter",
    "machine",
    "read_labelled",
    "take_turns",
    "unknown_labels",
]
