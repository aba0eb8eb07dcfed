"""The parity kit: is it still the same network, in every form, file and engine?

Each form is given the same frames and leaves a trace: its logits after every frame and its states
at the end, in the network's own scale. Traces are compared with that of the network in PyTorch,
frame by frame.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from movinet.errors import MissingExtraError
from movinet.export.evaluator import one_thread
from movinet.export.graph import Array
from movinet.models import ModelInfo, read_info
from movinet.models.info import kind_of
from movinet.network import MoViNet
from movinet.network.state import State
from movinet.runtime import BACKENDS, open_model
from movinet.runtime.backends import backend_for
from movinet.runtime.clip import clip_logits

# The largest root mean square of the difference in the logits, as a part of their spread, with
# which a file counts as the same network. Measured on A0 (two trained networks and one with random
# weights): float32 4e-6, float16 0.0017, dynamic 0.03, int8 0.12.
LIMITS = {"float32": 1e-4, "float16": 0.01, "dynamic": 0.06, "int8": 0.2}

_FRAME = re.compile(r"(.*stream_buffer)_(\d+)$")


@dataclass(frozen=True)
class Trace:
    """What one form said and remembers.

    Attributes:
        logits: `[frames, classes]`; of a form that sees the whole clip at once, `[1, classes]`.
        states: after the last frame, by the official names.
    """

    logits: Array
    states: Mapping[str, Array]


@dataclass(frozen=True)
class Difference:
    """One form against another.

    Differences of logits are parts of the reference logits' standard deviation, those of states of
    each state's largest value.

    Attributes:
        name: of the form.
        logits_max, logits_mean, logits_rms: of all logits of all frames.
        states_max: of all states.
        agreement: the part of the frames on which the same class is on top.
        limit: what `logits_rms` may be.
    """

    name: str
    logits_max: float
    logits_mean: float
    logits_rms: float
    states_max: float | None
    agreement: float
    limit: float

    @property
    def same(self) -> bool:
        """Whether it counts as the same network."""
        return self.logits_rms <= self.limit  # NaN is not

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {**asdict(self), "same": self.same}


@one_thread()
@torch.no_grad()
def network_trace(net: MoViNet, frames: Array, *, at_once: bool = False) -> Trace:
    """The network in PyTorch on frames `[T, H, W, 3]` uint8, one by one or all at once."""
    clip = torch.from_numpy(frames)[None]
    if not net.config.causal:
        return Trace(net(clip).numpy(), {})
    if at_once:
        rows, state = net.run(clip, every_frame=True)
        return Trace(rows[0].numpy(), _network_states(state))
    state, logits = net.initial_state(1, *frames.shape[1:3]), []
    for frame in clip[0]:
        row, state = net.step(frame[None], state)
        logits.append(row[0].numpy())
    return Trace(np.stack(logits), _network_states(state))


def _network_states(state: State) -> dict[str, Array]:
    states = {}
    for name in state:
        array = state[name][0].numpy()
        states[name] = array.reshape(array.shape[0], -1) if array.ndim > 1 else array.reshape(1, -1)
    return states


def file_trace(path: Path, frames: Array, backend: str | None = None) -> Trace:
    """A model file on an engine: frame by frame, or a clip model on the whole clip."""
    info = read_info(path)
    if not info.states:
        return Trace(clip_logits(path, frames)[None], {})
    model = open_model(path, info=info, backend=backend)
    state, logits = model.initial_state(), []
    for frame in frames:
        row, state = model.step(frame, state)
        logits.append(row)
    raw = {pair.name: state.get(pair.name) for pair in info.live_states}
    return Trace(np.stack(logits), _file_states(raw, info, kind_of(path) == ".onnx"))


def _file_states(
    raw: Mapping[str, Array], info: ModelInfo, channels_first: bool
) -> dict[str, Array]:
    """States as the network has them: `[frames, places]`."""
    parts: dict[str, dict[int, Array]] = defaultdict(dict)
    for pair in info.live_states:
        array = pair.scale * (raw[pair.name].astype(np.float64) - pair.zero)
        match = _FRAME.match(pair.name)
        if match:
            if channels_first:
                array = np.moveaxis(array, 1, -1)
            parts[match[1]][int(match[2])] = array.reshape(1, -1)
        else:
            frames = array.shape[1] if pair.kind == "stream_buffer" else 1
            parts[pair.name][0] = array.reshape(frames, -1)
    return {
        name: np.concatenate([frames[number] for number in sorted(frames)])
        for name, frames in parts.items()
    }


def compare(name: str, reference: Trace, other: Trace, precision: str = "float32") -> Difference:
    """One trace against another; of a clip at once, only the end is there to compare."""
    expected = reference.logits[-len(other.logits) :].astype(np.float64)
    spread = float(reference.logits.std()) or 1.0
    off = np.abs(other.logits - expected) / spread
    shared = [state for state in reference.states if state in other.states]
    states = [
        float(np.abs(other.states[n] - reference.states[n]).max())
        / (float(np.abs(reference.states[n]).max()) or 1.0)
        for n in shared
    ]
    return Difference(
        name=name,
        logits_max=float(off.max()),
        logits_mean=float(off.mean()),
        logits_rms=float(np.sqrt((off**2).mean())),
        states_max=max(states) if states else None,
        agreement=float((other.logits.argmax(1) == expected.argmax(1)).mean()),
        limit=LIMITS[precision],
    )


def differences_of_file(path: Path, frames: Array, reference: Trace) -> list[Difference]:
    """A model file on every engine that is installed and runs it, against `reference`."""
    info = read_info(path)
    kind = kind_of(path)
    found = []
    for backend in BACKENDS.values():
        able = kind in backend.kinds and info.precision in backend.precisions
        own = backend is backend_for(path)
        if not able or not (info.states or own):
            continue
        try:
            trace = file_trace(path, frames, backend.name)
        except MissingExtraError:
            if own:
                raise
            continue
        found.append(
            compare(f"{info.precision} on {backend.name}", reference, trace, info.precision)
        )
    return found
