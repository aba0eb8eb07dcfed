"""States that own their arrays, for engines that compute straight into memory they are given.

An engine is handed the arrays of a state as inputs and spare arrays as outputs. After a step the
outputs are the state, and what has become free is spare: nothing is copied. In a delay line only
the newest frame is an output; the others change places.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np

from movinet.errors import ModelError, UsageError
from movinet.models import ModelInfo, StatePair, TensorInfo
from movinet.runtime.model import FloatArray, Image, State, StateArray, StepModel, StepTimes
from movinet.runtime.picture import check_picture, put_picture
from movinet.runtime.pooled import pooled_feature


class Slot(NamedTuple):
    """An array, and the engine's own object over the same memory."""

    array: StateArray
    handle: Any


class Runner(Protocol):
    """What runs one step at a time in an engine."""

    def bind_input(self, name: str, slot: Slot) -> None:
        """Let the input `name` of the contract be read from `slot`, until another is given."""
        ...

    def bind_output(self, name: str, slot: Slot) -> None:
        """Let the output `name` of the contract be written into `slot`, likewise."""
        ...

    def run(self) -> None:
        """Compute the outputs from the inputs."""
        ...


class Tensors(NamedTuple):
    """What the engine calls the inputs and outputs of a contract."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    @classmethod
    def of(cls, info: ModelInfo) -> Tensors:
        """As the contract does."""
        inputs = [info.image.name, *(pair.input for pair in info.states)]
        outputs = [info.logits.name, *(pair.output for pair in info.states if pair.output)]
        if info.embedding is not None:
            outputs.append(info.embedding.name)
        return cls({name: name for name in inputs}, {name: name for name in outputs})


def _with_moves(states: Sequence[StatePair], tensors: Tensors) -> tuple[StatePair, ...]:
    """The states, and those that come out as another went in as moves of a delay line.

    Engines need not write out what they never touch.
    """
    fed = {tensors.inputs[pair.input]: pair.name for pair in states}

    def moved(pair: StatePair) -> StatePair:
        source = fed.get(tensors.outputs[pair.output]) if pair.output else None
        return pair if source is None else replace(pair, output=None, moves_from=source)

    return tuple(map(moved, states))


class ArrayState:
    """The state of one stream on one `ArrayModel`."""

    def __init__(
        self, model: ArrayModel, slots: dict[str, Slot], embedding: FloatArray | None = None
    ) -> None:
        self.model = model
        self.slots = slots
        # What the last step gave, for files with such an output.
        self.embedding = embedding

    def get(self, name: str) -> StateArray:
        """A copy of one state tensor."""
        return self.slots[name].array.copy()

    def read(self, names: Sequence[str], out: FloatArray) -> None:
        """Copy float32 states, flattened, into `out`."""
        start = 0
        for name in names:
            array = self.slots[name].array
            out[start : start + array.size] = array.reshape(-1)
            start += array.size

    def write(self, names: Sequence[str], values: FloatArray) -> None:
        """The reverse of `read`."""
        start = 0
        for name in names:
            array = self.slots[name].array
            array.reshape(-1)[:] = values[start : start + array.size]
            start += array.size

    def fill(self, names: Sequence[str], value: int) -> None:
        """Set every element of some states to one number."""
        for name in names:
            self.slots[name].array.fill(value)

    def copy(self) -> ArrayState:
        """Another state with the same content."""
        slots = {name: self.model.slot(slot.array.copy()) for name, slot in self.slots.items()}
        return ArrayState(self.model, slots, self.embedding)

    def moved(self, model: StepModel) -> ArrayState:
        """The same stream on another load of the file; see `State.moved`."""
        if type(model) is not type(self.model) or model.live != self.model.live:
            raise UsageError("a state moves only to another load of the same file")
        slots = {name: model.slot(slot.array) for name, slot in self.slots.items()}
        return ArrayState(model, slots, self.embedding)

    def to_bytes(self) -> bytes:
        """The live states one behind the other, in the order of `ModelInfo.live_states`."""
        pairs = self.model.info.live_states
        return b"".join(self.slots[pair.name].array.tobytes() for pair in pairs)


class _Desk:
    """One runner, and the arrays that belong to it and not to a stream."""

    def __init__(self, model: ArrayModel) -> None:
        info = model.info
        self.runner = model.runner()
        image = self._slot(model, info.image)
        self.image = image.array.reshape(*info.size, 3)
        self.runner.bind_input(info.image.name, image)
        logits = self._slot(model, info.logits)
        self.logits = logits.array.reshape(-1)
        self.runner.bind_output(info.logits.name, logits)
        self.embedding: StateArray | None = None
        if info.embedding is not None:
            embedding = self._slot(model, info.embedding)
            self.embedding = embedding.array.reshape(-1)
            self.runner.bind_output(info.embedding.name, embedding)
        # States that nobody carries; the others are bound before each step, and here once, so that
        # a file that lacks one is found out.
        first = [
            (pair, model.slot(np.full(pair.shape, pair.zero, np.dtype(pair.dtype))))
            for pair in info.states
        ]
        for pair, slot in first:
            self.runner.bind_input(pair.input, slot)
        # Where the next step writes the states that come out.
        self.spares = {
            pair.name: model.slot(np.zeros(pair.shape, np.dtype(pair.dtype)))
            for pair in model.live
            if pair.output is not None
        }
        for pair in model.live:
            if pair.output is not None:
                self.runner.bind_output(pair.output, self.spares[pair.name])
        self.fixed = [slot for pair, slot in first if pair.passed_through]

    @staticmethod
    def _slot(model: ArrayModel, info: TensorInfo) -> Slot:
        return model.slot(np.zeros(info.shape, np.dtype(info.dtype)))


class ArrayModel(ABC):
    """A model on an engine that reads and writes arrays of ours; see `StepModel`.

    Threads may step different streams at once; each that does has a runner of its own.
    """

    def __init__(self, info: ModelInfo, tensors: Tensors | None = None) -> None:
        self.info = info
        self.live = _with_moves(info.live_states, tensors or Tensors.of(info))
        self._lock = threading.Lock()
        self._desks: list[_Desk] = []
        live = self.live
        self._inputs = [(pair.name, pair.input) for pair in live]
        self._outputs = [(pair.name, pair.output) for pair in live if pair.output is not None]
        self._moved: dict[str, str] = {}
        # States that take what another takes as well.
        self._doubled: dict[str, str] = {}
        for pair in live:
            if pair.moves_from is not None:
                taken = pair.moves_from in self._moved.values()
                (self._doubled if taken else self._moved)[pair.name] = pair.moves_from
        self._freed = self._plan()

    @abstractmethod
    def slot(self, array: StateArray) -> Slot:
        """A slot over an array."""

    @abstractmethod
    def runner(self) -> Runner:
        """A new runner."""

    def prepare(self) -> None:
        """Make the first runner: what the file lacks shows now and not at the first step."""
        self._desks.append(_Desk(self))

    def initial_state(self) -> ArrayState:
        """The state of a stream that has seen nothing."""
        slots = {
            pair.name: self.slot(np.full(pair.shape, pair.zero, np.dtype(pair.dtype)))
            for pair in self.info.live_states
        }
        return ArrayState(self, slots)

    def step(self, image: FloatArray | Image, state: State) -> tuple[FloatArray, ArrayState]:
        """One frame; see `StepModel.step`."""
        mine = self._checked(image, state)
        desk = self._take()
        try:
            put_picture(image, self.info, desk.image)
            self._bind(desk, mine)
            self._run(desk.runner)
            return self._finish(desk, mine), mine
        finally:
            self._give(desk)

    def timed_step(
        self, image: FloatArray | Image, state: State
    ) -> tuple[FloatArray, ArrayState, StepTimes]:
        """The same with a clock; see `TimedModel.timed_step`."""
        mine = self._checked(image, state)
        desk = self._take()
        try:
            begun = perf_counter()
            put_picture(image, self.info, desk.image)
            filled = perf_counter()
            self._bind(desk, mine)
            bound = perf_counter()
            self._run(desk.runner)
            ran = perf_counter()
            logits = self._finish(desk, mine)
            rest = perf_counter() - ran
            return logits, mine, StepTimes(filled - begun, ran - bound, bound - filled + rest)
        finally:
            self._give(desk)

    def _checked(self, image: FloatArray | Image, state: State) -> ArrayState:
        """`state`, when it and the image are what this model takes."""
        if not isinstance(state, ArrayState) or state.model is not self:
            raise UsageError("the state belongs to another model; begin with initial_state()")
        check_picture(image, self.info)
        return state

    def _bind(self, desk: _Desk, state: ArrayState) -> None:
        """Let the next run read the state and write its successor into spare arrays."""
        for name, key in self._inputs:
            desk.runner.bind_input(key, state.slots[name])
        for name, key in self._outputs:
            desk.runner.bind_output(key, desk.spares[name])

    def _finish(self, desk: _Desk, state: ArrayState) -> FloatArray:
        """The logits after a run; the outputs are `state` from now on."""
        old, new = state.slots, dict(desk.spares)
        for name, source in self._moved.items():
            new[name] = old[source]
        for name, source in self._doubled.items():
            new[name] = self.slot(old[source].array.copy())
        for name, free in self._freed.items():
            desk.spares[name] = self._like(old[name]) if free is None else old[free]
        # In the order of before, so that the states of a model are all alike.
        state.slots = {name: new[name] for name in old}
        if desk.embedding is not None:
            state.embedding = desk.embedding.astype(np.float32)
        return np.array(desk.logits, np.float32)

    def embedding(self, state: State) -> FloatArray:
        """The pooled feature; see `StepModel.embedding`."""
        assert isinstance(state, ArrayState)
        if self.info.embedding is None:
            return pooled_feature(self.info, state)
        if state.embedding is None:
            raise UsageError("there is no embedding before the first step")
        return state.embedding

    def state_from_bytes(self, data: bytes) -> ArrayState:
        """The state that `to_bytes` wrote; see `StepModel.state_from_bytes`."""
        if len(data) != self.info.state_bytes:
            raise UsageError(
                f"{len(data)} bytes are no state of {self.info.name}, which has "
                f"{self.info.state_bytes} bytes"
            )
        state, start = self.initial_state(), 0
        for pair in self.info.live_states:
            array = state.slots[pair.name].array
            part = np.frombuffer(data, pair.dtype, array.size, start)
            array[...] = part.reshape(pair.shape)
            start += part.nbytes
        return state

    def _run(self, runner: Runner) -> None:
        try:
            runner.run()
        # Engines have exceptions of their own, some without a common base.
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise ModelError(f"{self.info.name} cannot be run ({reason})") from error

    def _plan(self) -> dict[str, str | None]:
        """For each state that comes out, the state whose old array its next value may overwrite.

        None where there is no such array: a new one has to be made.
        """
        kept = set(self._moved.values())
        free = [pair for pair in self.live if pair.name not in kept]
        plan: dict[str, str | None] = {}
        for pair in self.live:
            if pair.output is None:
                continue
            fits = [old for old in free if (old.shape, old.dtype) == (pair.shape, pair.dtype)]
            plan[pair.name] = fits[0].name if fits else None
            if fits:
                free.remove(fits[0])
        return plan

    def _like(self, slot: Slot) -> Slot:
        return self.slot(np.empty_like(slot.array))

    def _take(self) -> _Desk:
        with self._lock:
            if self._desks:
                return self._desks.pop()
        return _Desk(self)

    def _give(self, desk: _Desk) -> None:
        with self._lock:
            self._desks.append(desk)
