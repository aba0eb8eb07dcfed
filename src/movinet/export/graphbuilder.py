"""Putting a graph together, one operation at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movinet.export.graph import (
    Array,
    Binary,
    BinaryKind,
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
    Value,
)
from movinet.network.config import Activation

# The activations that a convolution can do by itself.
_FUSED: dict[Activation, Fused] = {"relu": "relu", "relu6": "relu6"}

Shape = tuple[int, ...]


class GraphBuilder:
    """Every method adds an operation and gives the name of its output.

    A value may be larger than the network's own by a factor, which is kept beside it and taken out
    again in the weights of whoever reads it. So the sixth of hard-swish costs no operation.
    """

    def __init__(self) -> None:
        self.graph = Graph()

    def input(self, name: str, shape: Shape) -> str:
        """A new input."""
        self.graph.values[name] = Value(name, shape)
        self.graph.inputs.append(name)
        return name

    def constant(self, name: str, array: Array) -> str:
        """A new constant; the same name twice means the same constant."""
        self.graph.values[name] = Value(name, array.shape)
        self.graph.constants[name] = np.ascontiguousarray(array, np.float32)
        return name

    def add(self, operation: Operation, shape: Shape, factor: float = 1) -> str:
        """An operation whose output has `shape` and is `factor` times the network's own."""
        self.graph.values[operation.output] = Value(operation.output, shape)
        self.graph.operations.append(operation)
        if factor != 1:
            self.graph.factors[operation.output] = factor
        return operation.output

    def shape(self, name: str) -> Shape:
        """The shape of a value."""
        return self.graph.values[name].shape

    def factor(self, name: str) -> float:
        """By how much a value is larger than the network's own."""
        return self.graph.factors.get(name, 1.0)

    def reshape(self, name: str, source: str, shape: Shape) -> str:
        """The same elements in another shape."""
        return self.add(Reshape(name, source), shape, self.factor(source))

    def slice(self, name: str, source: str, axis: int, start: int, length: int) -> str:
        """A part along an axis."""
        shape = list(self.shape(source))
        shape[axis] = length
        return self.add(Slice(name, source, axis, start, length), tuple(shape), self.factor(source))

    def concatenate(self, name: str, parts: tuple[str, ...], axis: int) -> str:
        """Parts, all of one factor, behind each other."""
        shape = list(self.shape(parts[0]))
        shape[axis] = sum(self.shape(part)[axis] for part in parts)
        return self.add(Concatenate(name, parts, axis), tuple(shape), self.factor(parts[-1]))

    def binary(
        self, name: str, kind: BinaryKind, left: str, right: str, fused: Fused = "none"
    ) -> str:
        """Elementwise, axes of length 1 repeated."""
        shape = np.broadcast_shapes(self.shape(left), self.shape(right))
        factor = self.factor(left)
        if kind == "multiply":
            factor *= self.factor(right)
        return self.add(Binary(name, kind, left, right, fused), shape, factor)

    def unary(self, name: str, kind: UnaryKind, source: str) -> str:
        """One function of each element."""
        return self.add(Unary(name, kind, source), self.shape(source))

    def mean(self, name: str, source: str, axes: tuple[int, ...]) -> str:
        """Mean over axes."""
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(self.shape(source)))
        return self.add(Mean(name, source, axes), shape, self.factor(source))

    def convolution(
        self,
        operation: Convolution | Depthwise,
        weight: Array,
        bias: Array,
        activation: Activation | None,
        *,
        plain: bool = False,
    ) -> str:
        """A convolution and its activation.

        Args:
            operation: names the output, input, weight and bias; `weight` and `bias` are added.
            weight, bias: numbers in the layout of the operation.
            activation: what follows.
            plain: write hard-swish in operations that exist for 8-bit integers.
        """
        self.constant(operation.weight, weight / self.factor(operation.input))
        self.constant(operation.bias, bias)
        n, height, width, _ = self.shape(operation.input)
        _, rows, columns, _ = weight.shape
        if not operation.same:
            height, width = height - rows + 1, width - columns + 1
        step = operation.stride
        channels = weight.shape[0 if isinstance(operation, Convolution) else 3]
        shape = (n, -(-height // step), -(-width // step), channels)
        if activation is None or activation in _FUSED:
            fused = _FUSED[activation] if activation else "none"
            return self.add(replace(operation, fused=fused), shape)
        name = operation.output
        return self.activate(
            name, activation, self.add(replace(operation, output=f"{name}/linear"), shape), plain
        )

    def activate(self, name: str, activation: Activation, x: str, plain: bool = False) -> str:
        """An activation as operations of its own."""
        if activation == "swish":
            return self.binary(name, "multiply", x, self.unary(f"{name}/sigmoid", "sigmoid", x))
        if activation == "hard_swish" and plain:
            # x * relu6(x + 3), six times what it should be. The addition of a constant costs next
            # to nothing: it becomes a table of 256 entries.
            gate = self.binary(
                f"{name}/gate", "add", x, self.constant("three", np.full((1, 1, 1, 1), 3)), "relu6"
            )
            self.graph.factors[gate] = 6.0
            return self.binary(name, "multiply", x, gate)
        return self.unary(name, activation, x)
