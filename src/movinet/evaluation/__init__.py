"""Models side by side: what they cost, and how often they are right."""

from movinet.evaluation.benchmark import NotRun, Result, benchmark, machine
from movinet.evaluation.comparison import Comparison, compare
from movinet.evaluation.entrants import Configuration, Entrant, configurations, enter
from movinet.evaluation.evaluating import ClipAnswer, Evaluation, Moment, Unreadable, evaluate
from movinet.evaluation.footage import FrameCost
from movinet.evaluation.isolation import Cost
from movinet.evaluation.labelled import Accuracy, LabelledVideo, read_labelled, unknown_labels
from movinet.evaluation.temperature import TemperatureFit, fit_temperature
from movinet.evaluation.timing import Lane, Timing, take_turns
from movinet.evaluation.wholeclips import evaluate_whole

__all__ = [
    "Accuracy",
    "ClipAnswer",
    "Comparison",
    "Configuration",
    "Cost",
    "Entrant",
    "Evaluation",
    "FrameCost",
    "LabelledVideo",
    "Lane",
    "Moment",
    "NotRun",
    "Result",
    "TemperatureFit",
    "Timing",
    "Unreadable",
    "benchmark",
    "compare",
    "configurations",
    "enter",
    "evaluate",
    "evaluate_whole",
    "fit_temperature",
    "machine",
    "read_labelled",
    "take_turns",
    "unknown_labels",
]
