"""From a float graph and the ranges of its values to a graph of 8-bit integers.

In the layers that are named, pictures (values with more than one pixel) are int8. Vectors stay
float: sums over frames and counts must not be rounded, and what a vector costs is its weights,
which are int8. The means of 3x3 pixels on the way around a layer, and the stem, are float too:
LiteRT's accelerated kernels have no 8-bit mean, and three channels fill no integer kernel.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from movinet.export.graph import (
    Array,
    AveragePool,
    Binary,
    Concatenate,
    Convert,
    Convolution,
    Depthwise,
    Graph,
    Mean,
    Operation,
    Quantisation,
    Reshape,
    Slice,
    Value,
    is_picture,
)
from movinet.export.precision import round_weights, rounds_away

Ranges = Mapping[str, tuple[float, float]]

_LAYER = re.compile(r"(?:state_)?(block\d+_layer\d+|head)")
# Operations whose inputs and output must be on one scale.
_SAME_SCALE = (Concatenate, Slice, Reshape)
# Below it float32 has not all its digits; numbers that small are as good as zero.
_LEAST_SCALE = float(np.finfo(np.float32).tiny)
# An addend whose scale is a smaller part of the sum's than this is not taken by XNNPACK.
_LEAST_PART = 2.0**-9


def layer_of(name: str) -> str | None:
    """The layer that a value belongs to: "block1_layer0" or "head"; None for what is in none."""
    match = _LAYER.match(name)
    return match[1] if match else None


def layers_of(graph: Graph) -> list[str]:
    """The layers that can be quantised, in order."""
    return list(
        dict.fromkeys(layer for o in graph.operations if (layer := layer_of(o.output)) is not None)
    )


def affine(low: float, high: float) -> Quantisation:
    """The integers -128..127 for the numbers from `low` to `high`, zero among them exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / 255))
    if scale < _LEAST_SCALE:
        scale = 1 / 255
    return Quantisation((scale,), int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def integer_values(graph: Graph, layers: Collection[str]) -> set[str]:
    """The values that are int8 when `layers` are."""
    pooled = {o.output for o in graph.operations if isinstance(o, AveragePool)}
    return {
        name
        for name, value in graph.values.items()
        if layer_of(name) in layers
        and is_picture(value.shape)
        and name not in graph.constants
        and name not in pooled
    }


def parameters(graph: Graph, ranges: Ranges) -> dict[str, Quantisation]:
    """How the integers of each value would stand for numbers.

    Values that are only moved about share the widest range among them.
    """
    groups = _Groups()
    for operation in graph.operations:
        if isinstance(operation, _SAME_SCALE):
            for name in operation.inputs:
                groups.join(name, operation.output)
    for name, state in ((n, graph.outputs[n]) for n in graph.states if n in graph.outputs):
        groups.join(name, state)
    wide: dict[str, tuple[float, float]] = {}
    for name, (low, high) in ranges.items():
        root = groups.root(name)
        least, most = wide.get(root, (0.0, 0.0))
        wide[root] = min(least, low), max(most, high)
    for operation in graph.operations:
        if isinstance(operation, Binary) and operation.kind == "add" and operation.output in ranges:
            low, high = wide[groups.root(operation.output)]
            for name in operation.inputs:
                root = groups.root(name)
                if root in wide:
                    least, most = wide[root]
                    short = _LEAST_PART * (high - low) / ((most - least) or 1)
                    wide[root] = least * max(1, short), most * max(1, short)
    return {name: affine(*wide[groups.root(name)]) for name in ranges}


class _Groups:
    """Names that belong together."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def root(self, name: str) -> str:
        """The name that stands for all that belong together with this one."""
        while name in self._parents:
            name = self._parents[name]
        return name

    def join(self, one: str, other: str) -> None:
        """From now on these two belong together."""
        one, other = self.root(one), self.root(other)
        if one != other:
            self._parents[one] = other


def quantise(
    graph: Graph,
    ranges: Ranges,
    layers: Collection[str],
    biases: Mapping[str, Array] = MappingProxyType({}),
) -> Graph:
    """The graph with `layers` in 8-bit integers, and int8 weights for all vectors.

    `biases` are those to use beside rounded weights; see `corrected_biases`.
    """
    return _Quantiser(graph, parameters(graph, ranges), layers, biases).new


class _Quantiser:
    def __init__(
        self,
        graph: Graph,
        known: Mapping[str, Quantisation],
        layers: Collection[str],
        biases: Mapping[str, Array],
    ) -> None:
        self.biases = biases
        self.graph = graph
        self.known = known
        self.integers = integer_values(graph, layers)
        self.new = replace(
            graph, values=dict(graph.values), constants=dict(graph.constants), operations=[]
        )
        for name in self.integers:
            self.new.values[name] = self._integer(name, graph.shape(name), known[name])
        for operation in graph.operations:
            self._translate(operation)

    def _integer(self, name: str, shape: tuple[int, ...], quantisation: Quantisation) -> Value:
        return Value(name, shape, "int8", quantisation)

    def _as_integer(self, name: str) -> str:
        """A value as int8."""
        if name in self.integers:
            return name
        new = f"{name}/int8"
        if new in self.new.values:
            return new
        shape = self.graph.shape(name)
        if name in self.graph.constants:
            numbers = self.graph.constants[name]
            how = affine(float(numbers.min()), float(numbers.max()))
            rounded = np.clip(np.rint(numbers / how.scale[0]) + how.zero, -128, 127)
            self.new.constants[new] = rounded.astype(np.int8)
            self.new.values[new] = self._integer(new, shape, how)
        else:
            self.new.values[new] = self._integer(new, shape, self.known[name])
            self.new.operations.append(Convert(new, name))
        return new

    def _as_float(self, name: str) -> str:
        """A value as float."""
        if name not in self.integers:
            return name
        new = f"{name}/float"
        if new not in self.new.values:
            self.new.values[new] = Value(new, self.graph.shape(name))
            self.new.operations.append(Convert(new, name))
        return new

    def _translate(self, operation: Operation) -> None:
        integer = operation.output in self.integers
        match operation:
            case Mean() if operation.input in self.integers:
                # A mean of integers, with a scale of its own, and that as float.
                raw = f"{operation.output}/int8"
                how = self.known[operation.output]
                self.new.values[raw] = self._integer(raw, self.graph.shape(operation.output), how)
                self.new.operations += [
                    replace(operation, output=raw),
                    Convert(operation.output, raw),
                ]
                return
            case Convolution() | Depthwise() if integer:
                source = self._as_integer(operation.input)
                self._weights(operation, self.new.values[source].quantisation)
                new: Operation = replace(operation, input=source)
            case Convolution() if self._hybrid(operation):
                numbers, how = round_weights(self.graph.constants[operation.weight], 0)
                self.new.constants[operation.weight] = numbers
                self.new.values[operation.weight] = self._integer(
                    operation.weight, numbers.shape, how
                )
                self.new.constants[operation.bias] = self._bias(operation)
                new = replace(operation, input=self._as_float(operation.input))
            case Binary():
                read = self._as_integer if integer else self._as_float
                # A range of 0 to 6 ends where ReLU6 does, without a look at each number.
                fused = "none" if integer and operation.fused == "relu6" else operation.fused
                new = replace(
                    operation, left=read(operation.left), right=read(operation.right), fused=fused
                )
            case Concatenate():
                read = self._as_integer if integer else self._as_float
                new = replace(operation, parts=tuple(read(part) for part in operation.parts))
            case _:
                read = self._as_integer if integer else self._as_float
                new = replace(operation, input=read(operation.input))
        self.new.operations.append(new)

    def _hybrid(self, operation: Convolution) -> bool:
        """Whether its weights go into 8 bits though what it reads is float."""
        weights = self.graph.constants[operation.weight]
        if is_picture(self.graph.shape(operation.output)):
            return False
        return not rounds_away(weights, round_weights(weights, 0)[0])

    def _bias(self, operation: Convolution | Depthwise) -> Array:
        """The bias to use beside rounded weights."""
        return self.biases.get(operation.bias, self.graph.constants[operation.bias])

    def _weights(self, operation: Convolution | Depthwise, source: Quantisation | None) -> None:
        """The weights of a convolution as int8, and its bias as int32 on their scale."""
        assert source is not None
        weights = self.graph.constants[operation.weight]
        bias = self._bias(operation)
        axis = 0 if isinstance(operation, Convolution) else 3
        # Where weights are next to nothing, the bias must still fit 32 bits.
        numbers, how = round_weights(weights, axis, np.abs(bias) / (source.scale[0] * 2**30))
        scales = np.array(how.scale, np.float64) * source.scale[0]
        self.new.constants[operation.weight] = numbers
        self.new.values[operation.weight] = self._integer(operation.weight, numbers.shape, how)
        self.new.constants[operation.bias] = np.rint(bias / scales).astype(np.int32)
        self.new.values[operation.bias] = Value(
            operation.bias, bias.shape, "int32", Quantisation(tuple(map(float, scales)), axis=0)
        )
