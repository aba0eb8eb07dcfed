"""Running a graph in PyTorch, operation by operation: what every value is on real frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor

from movinet.export.graph import (
    AveragePool,
    Binary,
    Concatenate,
    Convolution,
    Depthwise,
    Fused,
    Graph,
    Mean,
    Operation,
    Reshape,
    Slice,
    Unary,
    UnaryKind,
)
from movinet.export.networklowering import IMAGE
from movinet.network.layers import padded

_UNARY: dict[UnaryKind, Callable[[Tensor], Tensor]] = {
    "hard_swish": F.hardswish,
    "sigmoid": torch.sigmoid,
    "sin": torch.sin,
    "cos": torch.cos,
    "relu": F.relu,
    "relu6": F.relu6,
}
_FUSED: dict[Fused, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
}
_BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "multiply": torch.multiply,
    "divide": torch.divide,
}


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread.

    The operations are small. Two threads gain a fifth on an idle machine, and on a busy one each
    operation waits for the other thread to be given a core: minutes become hours.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Evaluator:
    """Runs the operations of a graph in float32, with constants that can be replaced."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants: dict[str, Tensor] = {
            name: torch.from_numpy(array) for name, array in graph.constants.items()
        }

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Every value, by name, from those of the graph's inputs."""
        values = dict(inputs)
        for operation in self.graph.operations:
            values[operation.output] = self.compute(operation, values)
        return values

    def empty_state(self) -> dict[str, Tensor]:
        """What the states are before the first frame."""
        return {name: torch.zeros(self.graph.shape(name)) for name in self.graph.states}

    def step(
        self, image: Tensor, state: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """One step: every value, and the states after it.

        Args:
            image: `[1, H, W, 3]` float.
            state: of every state's name.
        """
        values = self.run({IMAGE: image, **state})
        return values, self.graph.next_states(values)

    def compute(self, operation: Operation, values: Mapping[str, Tensor]) -> Tensor:
        """What one operation gives."""

        def read(name: str) -> Tensor:
            return values[name] if name in values else self.constants[name]

        match operation:
            case Convolution():
                weight = read(operation.weight).permute(0, 3, 1, 2)
                return self._convolve(operation, read, weight, 1)
            case Depthwise():
                weight = read(operation.weight).permute(3, 0, 1, 2)
                return self._convolve(operation, read, weight, weight.shape[0])
            case AveragePool():
                x = read(operation.input).permute(0, 3, 1, 2)
                rows, columns = (size % 2 for size in x.shape[-2:])
                x = F.avg_pool2d(x, 3, 2, (rows, columns), ceil_mode=True, count_include_pad=False)
                return x.permute(0, 2, 3, 1)
            case Mean():
                return read(operation.input).mean(operation.axes, keepdim=True)
            case Binary():
                y = _BINARY[operation.kind](read(operation.left), read(operation.right))
                return _FUSED[operation.fused](y)
            case Unary():
                return _UNARY[operation.kind](read(operation.input))
            case Concatenate():
                return torch.cat([read(part) for part in operation.parts], operation.axis)
            case Slice():
                return read(operation.input).narrow(
                    operation.axis, operation.start, operation.length
                )
            case Reshape():
                return read(operation.input).reshape(self.graph.shape(operation.output))
        return read(operation.input)

    def _convolve(
        self,
        operation: Convolution | Depthwise,
        read: Callable[[str], Tensor],
        weight: Tensor,
        groups: int,
    ) -> Tensor:
        x = read(operation.input).permute(0, 3, 1, 2)
        padding = (0, 0)
        if operation.same:
            x, padding = padded(x, (weight.shape[2], weight.shape[3]), operation.stride)
        y = F.conv2d(x, weight, read(operation.bias), operation.stride, padding, groups=groups)
        return _FUSED[operation.fused](y).permute(0, 2, 3, 1)
