"""The pooled feature of files that have no output for it."""

from __future__ import annotations

import numpy as np

from movinet.errors import ModelError
from movinet.models import ModelInfo
from movinet.runtime.model import FloatArray, State


def pooled_feature(info: ModelInfo, state: State) -> FloatArray:
    """The mean of what the head has pooled, `[channels]`: its sum and its count are states.

    Raises:
        ModelError: the model has no such states.
    """
    head = [pair for pair in info.live_states if pair.layer == "state_head"]
    total = [(pair.name, pair.scale) for pair in head if pair.kind == "pool_buffer"]
    count = [pair.name for pair in head if pair.kind == "frame_count"]
    count = count or [pair.name for pair in info.live_states if pair.kind == "frame_count"]
    if not total or not count:
        raise ModelError(f"{info.name} gives no embedding: it has no pooled head state")
    name, scale = total[0]
    mean = state.get(name) * scale / max(1, state.get(count[0]).item())
    return np.asarray(mean, np.float32).reshape(-1)
