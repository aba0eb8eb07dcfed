"""One step of one model, on one of several engines."""

from movinet.runtime.backends import BACKENDS, DEFAULT_BACKEND, open_model
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
    "DEFAULT_BACKEND",
    "FloatArray",
    "State",
    "StateArray",
    "StepModel",
    "StepTimes",
    "TimedModel",
    "open_model",
]
