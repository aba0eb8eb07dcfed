"""One step of one model, on one of several engines."""

from movinet.runtime.backends import BACKENDS, MOST_THREADS, Backend, check_model, open_model
from movinet.runtime.model import (
    FloatArray,
    State,
    StateArray,
    StepModel,
    StepTimes,
    TimedModel,
)

__all__ = [
    "BACKENDS",
    "MOST_THREADS",
    "Backend",
    "FloatArray",
    "State",
    "StateArray",
    "StepModel",
    "StepTimes",
    "TimedModel",
    "check_model",
    "open_model",
]
