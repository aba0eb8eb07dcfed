"""The memory horizon: a stream averages over its last N frames and not over all since its start.

The causal network keeps, for each pool, the sum of what it has seen and a count, and divides. On
an endless stream it would react ever more slowly, and the official int8 files, whose sum is 8-bit,
fade to noise after some 200 frames. Here the last N increments of every sum are kept in a ring;
once N frames are in, the oldest increment is taken out of the sum before each step and the count
set to N - 1. Up to N frames nothing is changed: the network behaves as published, to the bit.
"""

from __future__ import annotations

import struct

import numpy as np

from movinet.errors import UsageError
from movinet.frames import Image
from movinet.models import ModelInfo
from movinet.runtime import FloatArray, State, StepModel

_HEADER = struct.Struct("<qqq")  # frames seen, horizon, bytes of the network's own state


class Horizon:
    """Which states of a model are sums and counts, and how many frames they may span."""

    def __init__(self, info: ModelInfo, frames: int | None) -> None:
        """`frames`: the horizon; None leaves the sums alone (the official behaviour)."""
        if frames is not None and frames < 1:
            raise UsageError(f"a horizon must be 1 frame or more, not {frames}")
        live = info.live_states
        sums = [state for state in live if state.kind == "pool_buffer"]
        # Positional counters stay as they are until they reach the horizon, and then stay there.
        self.counters = [state.name for state in live if state.kind == "frame_count"]
        self.sums = [state.name for state in sums]
        self.width = sum(int(np.prod(state.shape)) for state in sums)
        self.frames = frames if self.sums else None


class HorizonState:
    """The state of one stream: the network's own, and the ring of increments.

    A value like any state: it can be copied and saved, and nothing else holds what it holds.
    """

    def __init__(self, model: StepModel, horizon: Horizon) -> None:
        self._model = model
        self._horizon = horizon
        self._state: State = model.initial_state()
        self.seen = 0
        frames, width = horizon.frames, horizon.width
        if frames is not None:
            # Grows with the stream's age only in what the system has to back with memory.
            self._ring: FloatArray = np.zeros((frames, width), np.float32)
            self._before: FloatArray = np.empty(width, np.float32)
            self._state.read(horizon.sums, self._before)

    def step(self, image: Image) -> FloatArray:
        """One frame `[H, W, 3]` uint8 of the model's size; gives the logits."""
        horizon, frames = self._horizon, self._horizon.frames
        if frames is None:
            logits, self._state = self._model.step(image, self._state)
            self.seen += 1
            return logits
        place = self.seen % frames
        if self.seen >= frames:
            self._before -= self._ring[place]
            self._state.write(horizon.sums, self._before)
            self._state.fill(horizon.counters, frames - 1)
        logits, self._state = self._model.step(image, self._state)
        increment = self._ring[place]
        self._state.read(horizon.sums, increment)
        after = increment.copy()
        increment -= self._before
        self._before = after
        self.seen += 1
        return logits

    def embedding(self) -> FloatArray:
        """The pooled feature after the last step, `[channels]` float32."""
        return self._model.embedding(self._state)

    def copy(self) -> HorizonState:
        """Another state with the same content."""
        other = object.__new__(HorizonState)
        other._model, other._horizon = self._model, self._horizon
        other._state = self._state.copy()
        other.seen = self.seen
        if self._horizon.frames is not None:
            other._ring = self._ring.copy()
            other._before = self._before.copy()
        return other

    def move(self, model: StepModel) -> None:
        """Go on on another load of the same file.

        Raises:
            UsageError: when it is another one.
        """
        self._state = self._state.moved(model)
        self._model = model

    def to_bytes(self) -> bytes:
        """The content, for `from_bytes`."""
        network = self._state.to_bytes()
        parts = [_HEADER.pack(self.seen, self._horizon.frames or 0, len(network)), network]
        if self._horizon.frames is not None:
            parts += [self._before.tobytes(), self._ring.tobytes()]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes, model: StepModel, horizon: Horizon) -> HorizonState:
        """The state that `to_bytes` wrote, for the same model and horizon.

        Raises:
            UsageError: when it is from another model or horizon, or no state at all.
        """
        state = cls(model, horizon)
        frames, width = horizon.frames or 0, horizon.width
        if len(data) < _HEADER.size:
            raise UsageError("these bytes are no saved state")
        seen, saved_frames, size = _HEADER.unpack_from(data)
        ring = 4 * width * (1 + saved_frames) if saved_frames else 0
        if min(seen, saved_frames, size) < 0 or len(data) != _HEADER.size + size + ring:
            raise UsageError("these bytes are no saved state of this model")
        if saved_frames != frames:
            raise UsageError(
                f"the state was saved with a horizon of {saved_frames or None} frames, "
                f"not {frames or None}"
            )
        state._state = model.state_from_bytes(data[_HEADER.size : _HEADER.size + size])
        state.seen = seen
        if frames:
            numbers = np.frombuffer(data, np.float32, offset=_HEADER.size + size)
            state._before = numbers[:width].copy()
            state._ring = numbers[width:].reshape(frames, width).copy()
        return state
