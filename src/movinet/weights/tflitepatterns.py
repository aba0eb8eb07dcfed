"""What the operators of a .tflite mean together: convolutions, activations, gates, means.

A converter writes one layer in many ways. Batch norm is inside a convolution or stands behind it
as MUL and ADD; hard-swish is one operator or four; a clip is an operator, two, or part of the
convolution. Here each is read backward, from its result.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from movinet.errors import ModelError
from movinet.weights.found import Array
from movinet.weights.tflitegraph import Operator, TFLiteGraph

_CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
_POOLS = {"AVERAGE_POOL_2D", "MEAN", "SUM"}
_BINARY = {"ADD", "DIV", "MUL", "SUB"}
_BOUNDS = {"RELU": (0.0, math.inf), "RELU6": (0.0, 6.0), "RELU_0_TO_1": (0.0, 1.0)}
_FUSED_BOUNDS = {"relu": _BOUNDS["RELU"], "relu6": _BOUNDS["RELU6"]}
# (bounds of the clip, factor behind it) -> the gate, and its slope and offset before the clip.
_GATES = (
    ((0.0, 6.0), 1 / 6, "relu6", 1.0, 3.0),
    ((0.0, 1.0), 1.0, "keras", 0.2, 0.5),
)

Factor = Any  # a float, or an array with one number for each channel


class Linear(NamedTuple):
    """A convolution or matrix product with everything linear that follows it.

    Attributes:
        operator: the convolution.
        input: the tensor that goes in.
        weight: `[out, h, w, in]`; `[1, h, w, channels]` of a depthwise one.
        bias: `[out]`.
        names: the tensors in the file that hold most of weight and bias.
    """

    operator: Operator
    input: int
    weight: Array
    bias: Array
    names: tuple[str, str]

    @property
    def depthwise(self) -> bool:
        """Whether each channel is by itself."""
        return self.operator.name == "DEPTHWISE_CONV_2D"

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width."""
        return self.weight.shape[1], self.weight.shape[2]


class Clip(NamedTuple):
    """A clip to low..high of `tensor`, which is its operator's result before `fused`."""

    low: float
    high: float
    tensor: int
    fused: str


def unlike(what: str) -> ModelError:
    """The error for a graph of another making."""
    return ModelError(f"its graph is not that of a MoViNet stream: {what}")


class Patterns:
    """Reads a graph backward.

    Attributes:
        graph: what is read.
        used: the constants that were met, by number.
    """

    def __init__(self, graph: TFLiteGraph) -> None:
        self.graph = graph
        self.used: set[int] = set()

    def values(self, number: int) -> Array:
        """The values of a constant, which counts as used from now on."""
        self.used.add(self.graph.root(number))
        return self.graph.constant(number)

    def name(self, number: int) -> str:
        """The name in the file of the constant behind a tensor."""
        return self.graph.tensors[self.graph.root(number)].name

    def both(self, number: int, name: str) -> tuple[int, int] | None:
        """The two sides of the operator `name` that gives a tensor, where neither is constant."""
        operator = self.graph.producer(number)
        if operator is None or operator.name != name or len(operator.inputs) != 2:
            return None
        a, b = operator.inputs
        if self.graph.is_constant(a) or self.graph.is_constant(b):
            return None
        return a, b

    def peel(self, number: int) -> tuple[float, int]:
        """(factor, tensor): what remains of a tensor without the single numbers it is times."""
        factor = 1.0
        while (operator := self.graph.producer(number)) is not None:
            sides = self._sides(operator)
            if operator.name not in ("MUL", "DIV") or operator.fused or sides is None:
                break
            constant, other, first = sides
            value = _single(self.values(constant))
            if value is None or (operator.name == "DIV" and (first or not value)):
                break
            factor = factor * value if operator.name == "MUL" else factor / value
            number = other
        return factor, number

    def _sides(self, operator: Operator) -> tuple[int, int, bool] | None:
        """(constant side, other side, whether the constant is first) of an operator with two."""
        if operator.name not in {*_BINARY, "MAXIMUM", "MINIMUM"} or len(operator.inputs) != 2:
            return None
        a, b = operator.inputs
        if self.graph.is_constant(b):
            return b, a, False
        return (a, b, True) if self.graph.is_constant(a) else None

    def linear(self, number: int, fused: str = "") -> Linear:
        """The convolution behind a tensor; `fused` is the activation that was read off it.

        Raises:
            ModelError: there is none.
        """
        factor: Factor = 1.0
        shift: Factor = 0.0
        bias_name = ""
        while True:
            operator = self.graph.producer(number)
            if operator is None or operator.fused != fused:
                raise unlike("a convolution is missing")
            if operator.name in _CONVOLUTIONS:
                return self._folded(operator, factor, shift, bias_name)
            sides = self._sides(operator)
            if sides is None or operator.name not in _BINARY:
                raise unlike(f"{operator.name} where a convolution should be")
            constant, number, first = sides
            value = _by_channel(self.values(constant))
            if operator.name == "MUL":
                factor = factor * value
            elif operator.name == "DIV" and not first and np.all(value):
                factor = factor / value
            elif operator.name == "ADD":
                shift = shift + factor * value
                bias_name = self.name(constant)
            elif operator.name == "SUB":
                sign = 1 if first else -1
                shift, factor = shift + sign * factor * value, -sign * factor
                bias_name = self.name(constant)
            else:
                raise unlike("something is divided by a convolution")
            fused = ""

    def _folded(self, operator: Operator, factor: Factor, shift: Factor, name: str) -> Linear:
        inputs = operator.inputs
        if len(inputs) < 2 or not self.graph.is_constant(inputs[1]):
            raise unlike("the weights of a convolution are not in the file")
        weight = self.values(inputs[1])
        if weight.ndim == 2:
            weight = weight[:, None, None, :]
        depthwise = operator.name == "DEPTHWISE_CONV_2D"
        if weight.ndim != 4 or (depthwise and weight.shape[0] != 1):
            raise unlike(f"a convolution has weights {list(weight.shape)}")
        count = weight.shape[-1] if depthwise else weight.shape[0]
        bias = np.zeros(count, np.float32)
        if len(inputs) > 2 and inputs[2] >= 0:
            if not self.graph.is_constant(inputs[2]):
                raise unlike("the bias of a convolution is not in the file")
            bias = self.values(inputs[2]).ravel()
            name = self.name(inputs[2])
        if any(np.size(value) not in (1, count) for value in (bias, factor, shift)):
            raise unlike("a convolution is followed by numbers for other channels")
        axis = (-1,) if depthwise else (-1, 1, 1, 1)
        folded = weight * (np.reshape(factor, axis) if np.ndim(factor) else factor)
        return Linear(
            operator,
            inputs[0],
            folded.astype(np.float32),
            np.broadcast_to(bias * factor + shift, (count,)).astype(np.float32),
            (self.name(inputs[1]), name or self.name(inputs[1])),
        )

    def clip(self, number: int) -> Clip | None:
        """The clip that gives a tensor, if one does."""
        operator = self.graph.producer(number)
        if operator is None:
            return None
        if operator.fused:
            bounds = _FUSED_BOUNDS.get(operator.fused)
            return bounds and Clip(*bounds, number, operator.fused)
        if operator.name in _BOUNDS:
            return Clip(*_BOUNDS[operator.name], operator.inputs[0], "")
        sides = self._sides(operator)
        if operator.name not in ("MAXIMUM", "MINIMUM") or sides is None:
            return None
        constant, other, _ = sides
        value = _single(self.values(constant))
        if value is None:
            return None
        low, high, tensor, fused = self.clip(other) or Clip(-math.inf, math.inf, other, "")
        if operator.name == "MAXIMUM":
            return Clip(max(low, value), high, tensor, fused)
        return Clip(low, min(high, value), tensor, fused)

    def activation(self, number: int) -> tuple[str, Linear]:
        """The activation that gives a tensor, and the convolution before it.

        Raises:
            ModelError: it is none that is known.
        """
        operator = self.graph.producer(number)
        if operator is not None and operator.name == "HARD_SWISH":
            return "hard_swish", self.linear(operator.inputs[0])
        gated = self.self_gated(number)
        if gated is not None:
            return gated[0], self.linear(gated[1])
        clip = self.clip(number)
        words = {_BOUNDS["RELU"]: "relu", _BOUNDS["RELU6"]: "relu6"}
        if clip is None or clip[:2] not in words:
            name = "an input" if operator is None else operator.fused or operator.name
            raise unlike(f"{name} where an activation should be")
        return words[clip[:2]], self.linear(clip.tensor, clip.fused)

    def self_gated(self, number: int) -> tuple[str, int] | None:
        """Swish or hard-swish in its single operators: its name and what goes in."""
        outer, number = self.peel(number)
        sides = self.both(number, "MUL")
        for plain, gate in (sides, sides[::-1]) if sides else ():
            inner, gate = self.peel(gate)
            operator = self.graph.producer(gate)
            clip = self.clip(gate)
            if operator is not None and operator.name == "LOGISTIC":
                kind, total, origin = "swish", 1.0, operator.inputs[0]
            elif clip is not None and clip[:2] == _BOUNDS["RELU6"]:
                kind, total, origin = "hard_swish", 1 / 6, self._plus_three(clip)
            else:
                continue
            for factor, candidate in ((1.0, plain), self.peel(plain)):
                same = self.graph.root(candidate) == self.graph.root(origin)
                if same and math.isclose(outer * inner * factor, total, rel_tol=0.02):
                    return kind, candidate
        return None

    def _plus_three(self, clip: Clip) -> int:
        """x, where what is clipped is x + 3; else what is clipped."""
        operator = self.graph.producer(clip.tensor)
        sides = self._sides(operator) if operator is not None else None
        if operator is None or operator.name != "ADD" or operator.fused != clip.fused:
            return clip.tensor
        if sides is None:
            return clip.tensor
        value = _single(self.values(sides[0]))
        return sides[1] if value and math.isclose(value, 3, rel_tol=0.02) else clip.tensor

    def gate(self, number: int) -> tuple[str, int, Linear] | None:
        """The gate of squeeze-excite: its kind, what it weighs, and the convolution before it."""
        outer, number = self.peel(number)
        sides = self.both(number, "MUL")
        for gate, feature in (sides, sides[::-1]) if sides else ():
            inner, gate = self.peel(gate)
            shape = self.graph.tensors[gate].shape
            if not shape or math.prod(shape) != shape[-1]:
                continue
            operator = self.graph.producer(gate)
            if operator is not None and operator.name == "LOGISTIC":
                if math.isclose(outer * inner, 1, rel_tol=0.02):
                    return "sigmoid", feature, self.linear(operator.inputs[0])
                continue
            clip = self.clip(gate)
            for bounds, total, kind, slope, offset in _GATES if clip else ():
                if clip is None or clip[:2] != bounds:
                    continue
                if math.isclose(outer * inner, total, rel_tol=0.02):
                    line = self.linear(clip.tensor, clip.fused)
                    return kind, feature, _before(line, slope, offset)
        return None

    def sources(self, number: int) -> tuple[set[int], bool]:
        """The maps whose means a tensor is made of, and whether an input (a state) took part."""
        maps: set[int] = set()
        state = False
        todo, seen = [number], set()
        while todo:
            number = self.graph.root(todo.pop())
            if number in seen:
                continue
            seen.add(number)
            operator = self.graph.producer(number)
            if operator is None:
                if self.graph.is_constant(number):
                    self.used.add(number)
                else:
                    state = True
            elif operator.name in _POOLS:
                inside = self.graph.root(operator.inputs[0])
                deeper = self.graph.producer(inside)
                if deeper is not None and deeper.name in _POOLS:
                    todo.append(inside)
                else:
                    maps.add(inside)
            else:
                todo.extend(i for i in operator.inputs if i >= 0)
        return maps, state


def _before(line: Linear, slope: float, offset: float) -> Linear:
    """The convolution whose result times `slope` plus `offset` is that of `line`.

    Converters draw the +3 or the 0.2 x + 0.5 of a hard sigmoid into the convolution before it.
    """
    # In double precision: a bias loses what the offset pushed out of it, but no more than that.
    weight = (line.weight.astype(np.float64) / slope).astype(np.float32)
    bias = ((line.bias.astype(np.float64) - offset) / slope).astype(np.float32)
    return line._replace(weight=weight, bias=bias)


def _single(values: Array) -> float | None:
    """The number that all of `values` are."""
    if values.size and np.all(values == values.flat[0]):
        return float(values.flat[0])
    return None


def _by_channel(values: Array) -> Factor:
    """One number for all, or one for each channel (the last axis)."""
    single = _single(values)
    if single is not None:
        return single
    rows = values.reshape(-1, values.shape[-1]).astype(np.float64)
    if not np.array_equal(rows, np.broadcast_to(rows[0], rows.shape)):
        raise unlike("a constant differs from place to place in the picture")
    return rows[0]
