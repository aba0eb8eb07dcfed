"""From a float graph and the ranges of its values to a graph of 8-bit integers.

Pictures (values with more than one pixel) are int8, vectors stay float: sums over frames and counts
must not be rounded, and what a vector costs is its weights, which are int8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
)

Ranges = Mapping[str, tuple[float, float]]

# Operations whose inputs and output must be on one scale.
_SAME_SCALE = (Concatenate, Slice, Reshape)


def is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[1] * shape[2] > 1


def quantise_weights(graph: Graph, names=None) -> Graph:
    """Only the weights of convolutions on vectors."""
    out = replace(graph, values=dict(graph.values), constants=dict(graph.constants))
    for op in graph.operations:
        if isinstance(op, Convolution) and not is_picture(graph.shape(op.output)):
            _weights(out, op.weight, 0)
    return out


def _weights(graph: Graph, name: str, axis: int) -> tuple[float, ...]:
    w = graph.constants[name]
    axes = tuple(a for a in range(4) if a != axis)
    top = np.abs(w).max(axes)
    scale = np.where(top > 0, top, 1).astype(np.float32) / np.float32(127)
    shape = [1] * 4
    shape[axis] = -1
    graph.constants[name] = np.clip(np.rint(w / scale.reshape(shape)), -127, 127).astype(np.int8)
    q = Quantisation(tuple(float(s) for s in scale), 0, axis)
    graph.values[name] = replace(graph.values[name], dtype="int8", quantisation=q)
    return q.scale


def quantise(graph: Graph, ranges: Ranges) -> Graph:
    return _Quantiser(graph, ranges).out


class _Quantiser:
    def __init__(self, graph: Graph, ranges: Ranges) -> None:
        self.graph = graph
        self.out = Graph(inputs=list(graph.inputs), outputs=dict(graph.outputs), values=dict(graph.values), constants=dict(graph.constants))
        self.parent: dict[str, str] = {}
        for op in graph.operations:
            if isinstance(op, _SAME_SCALE) and is_picture(graph.shape(op.output)):
                for name in op.inputs:
                    self.union(name, op.output)
        groups: dict[str, tuple[float, float]] = {}
        for name, (low, high) in ranges.items():
            root = self.root(name)
            a, b = groups.get(root, (0.0, 0.0))
            groups[root] = min(a, low), max(b, high)
        self.params = {name: affine(*groups[self.root(name)]) for name in ranges}
        for op in graph.operations:
            if isinstance(op, Binary) and op.fused == "relu6" and op.output in self.params:
                self.params[op.output] = affine(0.0, 6.0)
        self.params["image"] = Quantisation((1 / 255,), -128)
        states = set(graph.states)
        self.float_ops = {op.output for op in graph.operations if isinstance(op, AveragePool) or "image" in op.inputs or op.output == "stem" or op.output.startswith("stem/")}
        self.int8 = {n for n, v in graph.values.items() if n not in graph.constants and is_picture(v.shape) and n != "image" and n not in self.float_ops}
        for n in self.int8:
            self.mark(n)
        for op in graph.operations:
            self.translate(op)

    def root(self, name):
        while name in self.parent:
            name = self.parent[name]
        return name

    def union(self, a, b):
        a, b = self.root(a), self.root(b)
        if a != b:
            self.parent[a] = b

    def mark(self, name):
        self.out.values[name] = replace(self.graph.values[name], dtype="int8", quantisation=self.params[name])

    def as_int8(self, name: str) -> str:
        if name in self.int8:
            return name
        new = f"{name}/int8"
        if new not in self.out.values:
            if name in self.graph.constants:
                c = self.graph.constants[name]
                q = affine(min(0, c.min()), max(0, c.max()))
                self.out.constants[new] = np.clip(np.rint(c / q.scale[0]) + q.zero, -128, 127).astype(np.int8)
                self.out.values[new] = Value(new, c.shape, "int8", q)
                return new
            self.out.values[new] = Value(new, self.graph.shape(name), "int8", self.params[name])
            self.out.operations.append(Convert(new, name))
        return new

    def as_float(self, name: str) -> str:
        if name not in self.int8:
            return name
        new = f"{name}/float"
        if new not in self.out.values:
            self.out.values[new] = Value(new, self.graph.shape(name))
            self.out.operations.append(Convert(new, name))
        return new

    def translate(self, op: Operation) -> None:
        if isinstance(op, Mean) and op.input in self.int8:
            raw = f"{op.output}/int8"
            self.out.values[raw] = Value(raw, self.graph.shape(op.output), "int8", self.params[op.output])
            self.out.operations += [replace(op, output=raw), Convert(op.output, raw)]
            return
        if op.output in self.int8:
            if isinstance(op, (Convolution, Depthwise)):
                source = self.as_int8(op.input)
                sw = _weights(self.out, op.weight, 0 if isinstance(op, Convolution) else 3)
                s_in = self.out.values[source].quantisation.scale[0]
                sb = np.array(sw) * s_in
                b = self.graph.constants[op.bias]
                self.out.constants[op.bias] = np.clip(np.rint(b / sb), -2**31, 2**31 - 1).astype(np.int32)
                self.out.values[op.bias] = replace(self.graph.values[op.bias], dtype="int32", quantisation=Quantisation(tuple(map(float, sb)), 0, 0))
                self.out.operations.append(replace(op, input=source))
            elif isinstance(op, Binary):
                self.out.operations.append(replace(op, left=self.as_int8(op.left), right=self.as_int8(op.right), fused="none"))
            elif isinstance(op, Concatenate):
                self.out.operations.append(replace(op, parts=tuple(map(self.as_int8, op.parts))))
            else:
                self.out.operations.append(replace(op, input=self.as_int8(op.input)))
            return
        if isinstance(op, Convolution):
            if not is_picture(self.graph.shape(op.output)):
                _weights(self.out, op.weight, 0)
            self.out.operations.append(replace(op, input=self.as_float(op.input)))
            return
        if isinstance(op, AveragePool):
            self.out.operations.append(replace(op, input=self.as_float(op.input)))
            return
        self.out.operations.append(op)


def affine(low: float, high: float) -> Quantisation:
    low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = 1.0
    scale = np.float32((high - low) / 255)
    zero = int(np.clip(np.rint(-128 - low / scale), -128, 127))
    return Quantisation((float(scale),), zero)
