"""A network as a list of named operations: what the writers and the calibration read.

Everything is channels-last with at most four axes, `[N, H, W, C]`, and every operation has one
output. Constants are arrays; other values are known by name, shape and, once quantised, by how
their integers stand for numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
DType = Literal["float32", "float16", "int8", "int32"]
Fused = Literal["none", "relu", "relu6"]
UnaryKind = Literal["hard_swish", "sigmoid", "sin", "cos", "relu", "relu6"]
BinaryKind = Literal["add", "multiply", "divide"]


@dataclass(frozen=True)
class Quantisation:
    """How integers q stand for numbers: `scale * (q - zero)`.

    One scale, or one a slice along `axis` (for weights, whose zero is 0).
    """

    scale: tuple[float, ...]
    zero: int = 0
    axis: int | None = None


@dataclass(frozen=True)
class Value:
    """A tensor of the graph: an input, a constant, or what an operation gives."""

    name: str
    shape: tuple[int, ...]
    dtype: DType = "float32"
    quantisation: Quantisation | None = None


class _OneInput:
    """An operation that reads one value."""

    input: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it reads."""
        return (self.input,)


@dataclass(frozen=True)
class _Filter:
    """What both kinds of convolutions say; bias `[out]`.

    Padding is TensorFlow's: "same" pads an odd total by more behind than in front.
    """

    output: str
    input: str
    weight: str
    bias: str
    stride: int = 1
    same: bool = True
    fused: Fused = "none"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it reads."""
        return self.input, self.weight, self.bias


@dataclass(frozen=True)
class Convolution(_Filter):
    """A convolution in the picture; weight `[out, rows, columns, in]`."""


@dataclass(frozen=True)
class Depthwise(_Filter):
    """The same for each channel by itself; weight `[1, rows, columns, channels]`."""


@dataclass(frozen=True)
class AveragePool(_OneInput):
    """Mean of 3x3 pixels with stride 2; at the edges of the real pixels only."""

    output: str
    input: str


@dataclass(frozen=True)
class Mean(_OneInput):
    """Mean over some axes, which stay with length 1."""

    output: str
    input: str
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Binary:
    """Elementwise, with axes of length 1 repeated."""

    output: str
    kind: BinaryKind
    left: str
    right: str
    fused: Fused = "none"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it reads."""
        return self.left, self.right


@dataclass(frozen=True)
class Unary(_OneInput):
    """One function of each element."""

    output: str
    kind: UnaryKind
    input: str


@dataclass(frozen=True)
class Concatenate:
    """One behind the other along an axis."""

    output: str
    parts: tuple[str, ...]
    axis: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it reads."""
        return self.parts


@dataclass(frozen=True)
class Slice(_OneInput):
    """Places `start` to `start + length` along an axis."""

    output: str
    input: str
    axis: int
    start: int
    length: int


@dataclass(frozen=True)
class Reshape(_OneInput):
    """The same elements in another shape."""

    output: str
    input: str


@dataclass(frozen=True)
class Convert(_OneInput):
    """The same numbers in the output's type: quantise, dequantise, requantise, widen."""

    output: str
    input: str


Operation = (
    Convolution
    | Depthwise
    | AveragePool
    | Mean
    | Binary
    | Unary
    | Concatenate
    | Slice
    | Reshape
    | Convert
)
T = TypeVar("T")


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether a value has pixels: more than one place to each channel."""
    return len(shape) == 4 and shape[1] * shape[2] > 1


@dataclass
class Graph:
    """Operations in an order in which they can be run.

    Attributes:
        inputs: the names of the inputs, in the order of the file.
        outputs: public name to the value that is given under it. A state that goes in as
            `state_x` comes out under the same name.
        moves: states that do not come out, each to the state whose old value it takes after a
            step: the past frames of a delay line.
        factors: by how much larger a value is than the network's own, where it is.
        values: every value by name, constants included.
        constants: the arrays of the constants.
        operations: in order.
    """

    inputs: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    @property
    def states(self) -> list[str]:
        """The names of the inputs that are carried from step to step."""
        return [name for name in self.inputs if name in self.outputs or name in self.moves]

    def next_states(self, values: Mapping[str, T]) -> dict[str, T]:
        """The states after a step, from every value in it, the inputs among them."""
        return {
            name: values[self.moves[name] if name in self.moves else self.outputs[name]]
            for name in self.states
        }

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value."""
        return self.values[name].shape
