"""The LiteRT backend.

LiteRT's interpreter owns the memory of its inputs and outputs. The plain loop over a signature
runner copies every state out of it and into it again at each step, which costs a third of an A0
step. Here the state of the stream that stepped last simply stays where the network left it, in
the output tensors; the next step of the same stream moves it to the inputs with one memmove a
tensor. Only when another stream takes over is it copied out to memory of its own. States that
pass through the network unchanged are never touched.

(LiteRT's newer CompiledModel can swap buffers instead, which saves the memmove, 4 % of an A2
step; but it holds Python's global lock while it runs, so that threads cannot share a machine's
cores, and writes some twenty lines to stderr as it loads.)
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from movinet.errors import ModelError, UsageError
from movinet.models import ModelInfo, StatePair
from movinet.runtime.interpreter import interpreter_of
from movinet.runtime.model import FloatArray, Image, State, StateArray, StepModel, StepTimes
from movinet.runtime.picture import check_picture, put_picture
from movinet.runtime.pooled import pooled_feature
from movinet.runtime.statememory import Memory, bytes_of


def open_litert(path: Path, info: ModelInfo, threads: int) -> LiteRTModel:
    """Load `path` on LiteRT; see `open_model`."""
    try:
        return LiteRTModel(interpreter_of(path, threads), info)
    except KeyError as error:
        raise ModelError(f"cannot use {path}: it has no {error}, as its contract says") from error
    except (ValueError, RuntimeError) as error:
        # LiteRT's messages run over several lines; the first says what is wrong.
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"cannot use {path}: LiteRT refuses it ({reason})") from error


class LiteRTState:
    """The state of one stream on one `LiteRTModel`."""

    def __init__(self, model: LiteRTModel) -> None:
        self._model = model
        # Whether the content lies in the interpreter's output tensors, and not in `_memory`, which
        # is there from the first time on that another stream took over.
        self._resident = False
        self._memory: Memory | None = None
        self._steps = 0  # since it was loaded
        # What the last step gave, for files with such an output.
        self._embedding: FloatArray | None = None

    def get(self, name: str) -> StateArray:
        """A copy of one state tensor."""
        with self._model.lock:
            return self._view(name).copy()

    def read(self, names: Sequence[str], out: FloatArray) -> None:
        """Copy float32 states, flattened, into `out`."""
        start = 0
        with self._model.lock:
            for name in names:
                view = self._view(name)
                out[start : start + view.size] = view.reshape(-1)
                start += view.size

    def write(self, names: Sequence[str], values: FloatArray) -> None:
        """The reverse of `read`."""
        start = 0
        with self._model.lock:
            for name in names:
                view = self._view(name)
                view.reshape(-1)[:] = values[start : start + view.size]
                start += view.size

    def fill(self, names: Sequence[str], value: int) -> None:
        """Set every element of some states to one number."""
        with self._model.lock:
            for name in names:
                self._view(name).fill(value)

    def copy(self) -> LiteRTState:
        """Another state with the same content."""
        other = LiteRTState(self._model)
        with self._model.lock:
            memory = other._own_memory()
            for pair in self._model.pairs:
                memory.view(pair.name)[...] = self._view(pair.name)
        other._embedding = self._embedding
        return other

    def moved(self, model: StepModel) -> LiteRTState:
        """The same stream on another load of the file; see `State.moved`."""
        if not isinstance(model, LiteRTModel) or model.pairs != self._model.pairs:
            raise UsageError("a state moves only to another load of the same file")
        # What is not in the network is nobody's but this stream's, and waits for no step.
        if self._resident:
            self._model.release(self)
        other = LiteRTState(model)
        other._memory, other._embedding = self._own_memory(), self._embedding
        return other

    def to_bytes(self) -> bytes:
        """The live states one behind the other, in the order of `ModelInfo.live_states`."""
        with self._model.lock:
            return b"".join(self._view(pair.name).tobytes() for pair in self._model.pairs)

    def _view(self, name: str) -> StateArray:
        if self._resident:
            return self._model.output_views[name]
        return self._own_memory().view(name)

    def _own_memory(self) -> Memory:
        if self._memory is None:
            self._memory = Memory(self._model.pairs)
        return self._memory


class LiteRTModel:
    """A model file loaded into one LiteRT interpreter; see `StepModel`."""

    def __init__(self, interpreter: Any, info: ModelInfo) -> None:  # noqa: ANN401 (untyped library)
        self.info = info
        self.lock = threading.RLock()
        self.pairs: tuple[StatePair, ...] = info.live_states
        self.output_views: dict[str, StateArray] = {}
        self._interpreter = interpreter
        self._resident: LiteRTState | None = None
        runner = interpreter.get_signature_runner(info.signature)
        inputs = {name: d["index"] for name, d in runner.get_input_details().items()}
        outputs = {name: d["index"] for name, d in runner.get_output_details().items()}
        # The runner holds the interpreter in a way that forbids direct access to tensors.
        del runner
        self._indices_in = {info.image.name: inputs[info.image.name]}
        self._indices_out = {info.logits.name: outputs[info.logits.name]}
        for pair in info.states:
            self._indices_in[pair.name] = inputs[pair.input]
            if pair.output is not None and not pair.passed_through:
                self._indices_out[pair.name] = outputs[pair.output]
        if info.embedding is not None:
            self._indices_out[info.embedding.name] = outputs[info.embedding.name]
        self._probe = self._indices_out[info.logits.name]
        # Memory is laid out before the first run; what a graph might still move, it moves in its
        # first runs. Looking at every step would cost 2 % of an A0 step.
        self._unsettled = 3
        # See `_find_slides`; None: not known yet.
        self._slides: list[int] | None = None
        self._zero_inputs()
        self._map_memory()

    def initial_state(self) -> LiteRTState:
        """The state of a stream that has seen nothing."""
        state = LiteRTState(self)
        for pair in self.pairs:
            state._view(pair.name).fill(pair.zero)
        return state

    def step(self, image: FloatArray | Image, state: State) -> tuple[FloatArray, LiteRTState]:
        """One frame; see `StepModel.step`."""
        mine = self._checked(image, state)
        with self.lock:
            self._load(mine)
            put_picture(image, self.info, self._image)
            self._resident = None  # the outputs are about to be overwritten
            self._interpreter.invoke()
            return self._finish(mine), mine

    def timed_step(
        self, image: FloatArray | Image, state: State
    ) -> tuple[FloatArray, LiteRTState, StepTimes]:
        """The same with a clock; see `TimedModel.timed_step`."""
        mine = self._checked(image, state)
        with self.lock:
            begun = perf_counter()
            self._load(mine)
            loaded = perf_counter()
            put_picture(image, self.info, self._image)
            filled = perf_counter()
            self._resident = None
            self._interpreter.invoke()
            invoked = perf_counter()
            times = StepTimes(filled - loaded, invoked - filled, loaded - begun)
            return self._finish(mine), mine, times

    def embedding(self, state: State) -> FloatArray:
        """The pooled feature; see `StepModel.embedding`."""
        assert isinstance(state, LiteRTState)
        with self.lock:
            if self.info.embedding is not None:
                if state._embedding is None:
                    raise UsageError("there is no embedding before the first step")
                return state._embedding
            # Official files have no such output (architecture: "head").
            return pooled_feature(self.info, state)

    def state_from_bytes(self, data: bytes) -> LiteRTState:
        """The state that `to_bytes` wrote; see `StepModel.state_from_bytes`."""
        if len(data) != self.info.state_bytes:
            raise UsageError(
                f"{len(data)} bytes are no state of {self.info.name}, which has "
                f"{self.info.state_bytes} bytes"
            )
        state, start = LiteRTState(self), 0
        for pair in self.pairs:
            view = state._view(pair.name)
            part = np.frombuffer(data, pair.dtype, view.size, start)
            view[...] = part.reshape(pair.shape)
            start += part.nbytes
        return state

    def release(self, state: LiteRTState) -> None:
        """Bring `state` out of the network, if it is there, into memory of its own."""
        with self.lock:
            if state._resident:
                self._put_away(state)
                self._resident = None

    def _checked(self, image: FloatArray | Image, state: State) -> LiteRTState:
        """`state`, when it and the image are what this model takes."""
        if not isinstance(state, LiteRTState) or state._model is not self:
            raise UsageError("the state belongs to another model; begin with initial_state()")
        check_picture(image, self.info)
        return state

    def _finish(self, state: LiteRTState) -> FloatArray:
        """The logits after a run; what the outputs hold is `state` from now on."""
        if self._unsettled:
            self._unsettled -= 1
            if self._address(self._probe) != self._probe_address:
                self._map_memory()
        state._resident = True
        state._steps += 1
        self._resident = state
        if self.info.embedding is not None:
            output = self.output_views[self.info.embedding.name]
            state._embedding = output.astype(np.float32).reshape(-1)
        return self._logits.copy()

    def _load(self, state: LiteRTState) -> None:
        """Bring the content of `state` into the input tensors."""
        # Slices, and not `ctypes.memmove`: that lets go of Python's lock for each, and threads that
        # have to get it back a dozen times a step lose a tenth of their time.
        if state._resident:
            for entry, source in self._moves:
                entry[:] = source
            return
        if self._resident is not None:
            self._put_away(self._resident)
        state._own_memory().load(self._inputs)
        state._steps = 0

    def _put_away(self, state: LiteRTState) -> None:
        """Bring the content of `state`, which is in the output tensors, into memory of its own."""
        memory = state._own_memory()
        if state._steps == 1 and self._slides is not None:
            memory.keep_newest(self._outputs, self._slides)
        else:
            memory.keep(self._outputs)
        state._resident = False
        if self._slides is None:
            self._slides = self._find_slides()

    def _find_slides(self) -> list[int]:
        """The frames of each stream buffer that slides in it: those in all but its last place are
        those that went in behind its first.

        That is what a stream buffer is; whether a file does it to the bit is seen by trying, with
        numbers that mean nothing.
        """
        random = np.random.default_rng(0)
        for pair in self.pairs:
            # Sums and counts stay as they are: a count that makes no sense may make a step fail.
            if pair.kind == "stream_buffer":
                view = self._input_views[pair.name]
                view[...] = random.integers(-8, 8, view.shape)
        self._interpreter.invoke()
        slides = []
        for pair in self.pairs:
            entry, output = self._input_views[pair.name], self.output_views[pair.name]
            frames = pair.shape[1] if pair.kind == "stream_buffer" and len(pair.shape) > 1 else 0
            slid = (
                frames > 1
                and output is not entry
                and pair.shape[0] == 1
                and bool((output[:, :-1] == entry[:, 1:]).all())
            )
            slides.append(frames if slid else 0)
        return slides

    def _zero_inputs(self) -> None:
        """Set the states that nobody carries; the others are loaded before each step."""
        for pair in self.info.states:
            if not pair.passed_through:
                continue
            self._interpreter.set_tensor(
                self._indices_in[pair.name], np.full(pair.shape, pair.zero, np.dtype(pair.dtype))
            )

    def _address(self, index: int) -> int:
        array = self._interpreter.tensor(index)()
        address: int = array.__array_interface__["data"][0]
        return address

    def _map_memory(self) -> None:
        """Find where LiteRT keeps inputs and outputs.

        They lie in one block, so that one of them that has not moved says that none has.
        """
        self._probe_address = self._address(self._probe)
        self._input_views = {n: self._view(i) for n, i in self._indices_in.items()}
        self.output_views = {n: self._view(i) for n, i in self._indices_out.items()}
        for pair in self.pairs:
            if pair.moves_from is not None:
                # In a delay line a state's next value is what went in as another.
                self.output_views[pair.name] = self._input_views[pair.moves_from]
        height, width = self.info.size
        self._image = self._input_views[self.info.image.name].reshape(height, width, 3)
        self._logits = self.output_views[self.info.logits.name].reshape(-1)
        self._inputs = [bytes_of(self._input_views[pair.name]) for pair in self.pairs]
        self._outputs = [bytes_of(self.output_views[pair.name]) for pair in self.pairs]
        inputs = [self._input_views[pair.name].ctypes.data for pair in self.pairs]
        outputs = [self.output_views[pair.name].ctypes.data for pair in self.pairs]
        parts = dict(zip(outputs + inputs, self._outputs + self._inputs, strict=True))
        # The network reads the early layers first: copied last, they are still in the cache.
        waiting = dict(reversed(list(zip(inputs, outputs, strict=True))))
        self._moves = list(_ordered(waiting, parts))

    def _view(self, index: int) -> Any:  # noqa: ANN401 (numpy's own type for this is private)
        """An array over a tensor's memory that does not count as a reference to the interpreter.

        LiteRT refuses to run while its own arrays are held; these live and die with this object,
        which holds the interpreter.
        """
        array = self._interpreter.tensor(index)()
        address = array.__array_interface__["data"][0]
        memory = (ctypes.c_char * array.nbytes).from_address(address)
        return np.frombuffer(memory, array.dtype).reshape(array.shape)


def _ordered(
    waiting: dict[int, int], parts: dict[int, memoryview]
) -> Iterator[tuple[memoryview, memoryview]]:
    """Moves (target, source) such that nothing is overwritten before it is read.

    Args:
        waiting: addresses of targets and of their sources; of a delay line, these are targets too.
        parts: what lies there.
    """
    while waiting:
        sources = set(waiting.values())
        free = [target for target in waiting if target not in sources]
        for target in free:
            yield parts[target], parts[waiting.pop(target)]
        if not free:
            # States that swap places: one of them is put aside first.
            target = next(iter(waiting))
            aside = memoryview(bytearray(len(parts[target])))
            yield aside, parts[target]
            parts[-1 - target] = aside
            waiting = {
                to: (-1 - target if source == target else source) for to, source in waiting.items()
            }
