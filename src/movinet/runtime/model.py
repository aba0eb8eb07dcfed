"""The one interface behind which every backend runs a streaming model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from movinet.models import ModelInfo

FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Image = np.ndarray[Any, np.dtype[np.uint8]]
StateArray = np.ndarray[Any, np.dtype[Any]]


class State(Protocol):
    """All that one stream remembers, as a value.

    A state belongs to the model that made it and to one stream. `StepModel.step` consumes it.
    """

    def get(self, name: str) -> StateArray:
        """A copy of one state tensor, in its own shape and dtype.

        Raises:
            KeyError: when the model has no such state.
        """
        ...

    def read(self, names: Sequence[str], out: FloatArray) -> None:
        """Copy the float32 states `names`, flattened and one behind the other, into `out`."""
        ...

    def write(self, names: Sequence[str], values: FloatArray) -> None:
        """The reverse of `read`."""
        ...

    def fill(self, names: Sequence[str], value: int) -> None:
        """Set every element of the states `names` to one number."""
        ...

    def copy(self) -> Self:
        """Another state with the same content, that lasts whatever happens to this one."""
        ...

    def moved(self, model: StepModel) -> State:
        """The same stream on another load of the same file; only the returned state is valid then.

        Nothing is copied but what lies in the network itself.

        Raises:
            UsageError: when the model is of another backend or file.
        """
        ...

    def to_bytes(self) -> bytes:
        """The content in a form that `StepModel.state_from_bytes` reads."""
        ...


class StepModel(Protocol):
    """A loaded model. It has no memory: any number of streams may share it, from any thread."""

    @property
    def info(self) -> ModelInfo:
        """The contract of the file."""
        ...

    def initial_state(self) -> State:
        """The state of a stream that has seen nothing."""
        ...

    def step(self, image: FloatArray | Image, state: State) -> tuple[FloatArray, State]:
        """One frame.

        Args:
            image: `[H, W, 3]` RGB, uint8 (0..255), or float32 in the model's `value_range`.
            state: what the last step of the stream gave; consumed: only the returned state is
                valid afterwards (it may or may not be the same object).

        Returns:
            The logits, `[classes]` float32, and the stream's new state.

        Raises:
            UsageError: for an image of another size, or a state of another model.
            ModelError: when the engine cannot run the model after all.
        """
        ...

    def embedding(self, state: State) -> FloatArray:
        """The pooled feature after the last step, `[channels]` float32.

        Raises:
            ModelError: when the file gives none.
        """
        ...

    def state_from_bytes(self, data: bytes) -> State:
        """The state that `State.to_bytes` wrote.

        Raises:
            UsageError: when `data` is not a state of this model.
        """
        ...


class StepTimes(NamedTuple):
    """Where the time of one step goes, in seconds. What is in none of them is the rest.

    Attributes:
        image: bringing the frame into the network's input, in its range and dtype.
        invoke: the network itself.
        state: bringing the stream's state to where the network reads it, and back.
    """

    image: float
    invoke: float
    state: float


@runtime_checkable
class TimedModel(Protocol):
    """A `StepModel` that can say where the time of a step goes; a backend may leave this out."""

    def timed_step(
        self, image: FloatArray | Image, state: State
    ) -> tuple[FloatArray, State, StepTimes]:
        """`StepModel.step`, with a clock read between its parts."""
        ...
