"""`State`: all that streams remember between steps, as a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from movinet.errors import ModelError, UsageError
from movinet.network.config import NetworkConfig
from movinet.network.tensorfile import read_tensors, write_tensors

FRAME_COUNT = "state_frame_count"
HEAD_POOL = "state_head_pool_buffer"


@dataclass(frozen=True)
class State:
    """The state of a batch of streams, which may be of different ages.

    `tensors` has, by the official names and with the streams along the first axis:

    - `state_blockB_layerL_stream_buffer`: the last frames of a temporal convolution, oldest first,
      `[B, kernel - 1, H, W, C]`;
    - `state_blockB_layerL_pool_buffer` and `state_head_pool_buffer`: the sum of the means of all
      frames so far, `[B, C]`;
    - `state_frame_count`: how many frames each stream has seen, `[B]`, int32. The official code
      keeps one count a layer for the whole batch; they are always equal.

    A network consumes nothing: the state that went in stays as it was.
    """

    tensors: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        """One tensor by its name."""
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the network."""
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    @property
    def batch(self) -> int:
        """How many streams there are."""
        return self.tensors[FRAME_COUNT].shape[0]

    @property
    def nbytes(self) -> int:
        """Size in bytes, of all streams together."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def to(self, device: torch.device | str) -> State:
        """The same on another device."""
        return State({name: tensor.to(device) for name, tensor in self.tensors.items()})

    def select(self, streams: Sequence[int]) -> State:
        """The state of some of the streams, in the order given; a copy."""
        return State(
            {
                name: tensor[torch.as_tensor(streams, dtype=torch.long, device=tensor.device)]
                for name, tensor in self.tensors.items()
            }
        )

    @classmethod
    def stack(cls, states: Sequence[State]) -> State:
        """One state for the streams of all `states`, to be run as one batch.

        Raises:
            UsageError: when they are not of one network and one picture size.
        """
        if not states:
            raise UsageError("there are no states to stack")
        shapes = [
            {name: tensor.shape[1:] for name, tensor in state.tensors.items()} for state in states
        ]
        if any(shape != shapes[0] for shape in shapes):
            raise UsageError("only states of one network and one picture size can be stacked")
        return cls({name: torch.cat([state[name] for state in states]) for name in shapes[0]})

    def save(self, path: str | Path) -> None:
        """Write the state to a `.safetensors` file.

        Raises:
            OutputError: when that cannot be done.
        """
        write_tensors(Path(path), dict(self.tensors), {"movinet": "state"})

    @classmethod
    def load(cls, path: str | Path) -> State:
        """Read what `save` wrote; whether it fits is seen when a network is given it.

        Raises:
            ModelError: when the file cannot be read or is no state.
        """
        tensors, header = read_tensors(Path(path))
        if header.get("movinet") != "state" or FRAME_COUNT not in tensors:
            raise ModelError(f"cannot read a state from {path}: it is another kind of file")
        return cls(tensors)


def state_shapes(
    config: NetworkConfig, batch: int, height: int, width: int
) -> dict[str, tuple[int, ...]]:
    """The shapes of a state's buffers, by name; none for the base form."""
    shapes: dict[str, tuple[int, ...]] = {}
    if not config.causal:
        return shapes
    height, width = (height + 1) // 2, (width + 1) // 2  # after the stem
    for layer in config.family.layers:
        before = height, width
        if layer.stride == 2:
            height, width = (height + 1) // 2, (width + 1) // 2
        past = layer.kernel[0] - 1
        if past:
            # A 3-D convolution looks back on its input, a (2+1)-D one halfway through.
            size = before if config.conv_type == "3d" else (height, width)
            shapes[f"state_{layer.name}_stream_buffer"] = (batch, past, *size, layer.expanded)
        if "3d" in config.squeeze_excite:
            shapes[f"state_{layer.name}_pool_buffer"] = (batch, layer.expanded)
    shapes[HEAD_POOL] = (batch, config.family.features)
    return shapes
