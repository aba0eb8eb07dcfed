"""Smaller weights for a graph that computes in float: float16, or integers for the matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movinet.export.graph import (
    Array,
    Convert,
    Convolution,
    Depthwise,
    Graph,
    Quantisation,
    Value,
    is_picture,
)

# The axis of a weight that has one scale a place: its output channels.
_CHANNELS = {Convolution: 0, Depthwise: 3}


def halve_weights(graph: Graph) -> Graph:
    """The weights of all convolutions as float16, widened where they are read.

    LiteRT widens them once, as it loads the file.
    """
    new = _copy(graph)
    for operation in graph.operations:
        if isinstance(operation, Convolution | Depthwise):
            name = f"{operation.weight}/float16"
            new.constants[name] = new.constants.pop(operation.weight).astype(np.float16)
            new.values[name] = Value(name, graph.shape(operation.weight), "float16")
            new.operations.append(Convert(operation.weight, name))
        new.operations.append(operation)
    return new


def integer_weights(graph: Graph) -> Graph:
    """The weights of all convolutions as int8, with a scale a channel ("dynamic range").

    Those on vectors are used as integers: there the weights are all that costs. Those on pictures
    are widened once, as the file is loaded, since there float is as fast and exact.
    """
    new = _copy(graph)
    for operation in graph.operations:
        if isinstance(operation, Convolution | Depthwise):
            name, axis = operation.weight, _CHANNELS[type(operation)]
            numbers, quantisation = round_weights(graph.constants[name], axis)
            if is_picture(graph.shape(operation.output)):
                del new.constants[name]
                name = f"{name}/int8"
                new.operations.append(Convert(operation.weight, name))
            new.constants[name] = numbers
            new.values[name] = Value(name, numbers.shape, "int8", quantisation)
        new.operations.append(operation)
    return new


def round_weights(
    weights: Array, axis: int, least: Array | float = 0
) -> tuple[Array, Quantisation]:
    """Weights as int8 in -127..127, and their scales, one a place on `axis`.

    `least` is the least that a scale may be.
    """
    others = tuple(a for a in range(weights.ndim) if a != axis)
    top = np.abs(weights).max(others)
    scale = np.maximum(np.where(top > 0, top, 1) / 127, least).astype(np.float32)
    along = [1] * weights.ndim
    along[axis] = -1
    numbers = np.clip(np.rint(weights / scale.reshape(along)), -127, 127).astype(np.int8)
    return numbers, Quantisation(tuple(float(s) for s in scale), axis=axis)


def _copy(graph: Graph) -> Graph:
    return replace(graph, values=dict(graph.values), constants=dict(graph.constants), operations=[])
