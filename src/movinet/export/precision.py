"""Smaller weights for a graph that computes in float: float16, or integers for the matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

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


_MOST_LOST = 0.3  # of the weights of a layer
_NONE: Mapping[str, Array] = MappingProxyType({})


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


def integer_weights(graph: Graph, biases: Mapping[str, Array] = _NONE) -> Graph:
    """The weights of all convolutions as int8, with a scale a channel ("dynamic range").

    Those on vectors are used as integers: there the weights are all that costs. Those on pictures
    are widened once, as the file is loaded, since there float is as fast and exact.

    `biases` are those of `corrected_biases`, if it is known what goes into convolutions.
    """
    new = _copy(graph)
    new.constants.update(biases)
    for operation in graph.operations:
        if isinstance(operation, Convolution | Depthwise):
            name, axis = operation.weight, _CHANNELS[type(operation)]
            numbers, quantisation = round_weights(graph.constants[name], axis)
            if rounds_away(graph.constants[name], numbers):
                new.constants[operation.bias] = graph.constants[operation.bias]
                new.operations.append(operation)
                continue
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


def rounds_away(weights: Array, numbers: Array) -> bool:
    """Whether so many weights round to nothing that a layer must stay in float.

    One weight that is much larger than the others takes all steps for itself. In trained layers a
    seventh at most rounds to nothing; a classifier whose two rows had one weight 600 times the
    others said the same of every clip.
    """
    return bool((numbers[weights != 0] == 0).mean() > _MOST_LOST) if weights.any() else False


def corrected_biases(graph: Graph, means: Mapping[str, Array]) -> dict[str, Array]:
    """The biases of all convolutions, less what the rounding of their weights adds in the mean.

    What is lost of small changes to weights, as fine-tuning makes them, is mostly such a shift of a
    whole channel (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
    Correction", 2019, section 4.2; here with means that were seen).

    Args:
        graph: in float.
        means: what goes into each convolution, `[channels]`; see `channel_means`.
    """
    found = {}
    for operation in graph.operations:
        if isinstance(operation, Convolution | Depthwise):
            axis = _CHANNELS[type(operation)]
            weights = graph.constants[operation.weight]
            numbers, how = round_weights(weights, axis)
            along = [1] * weights.ndim
            along[axis] = -1
            off = numbers * np.array(how.scale).reshape(along) - weights.astype(np.float64)
            # [out, rows, columns, in], or [1, rows, columns, channels] channel by channel.
            shift = (off * means[operation.input]).sum(tuple(a for a in range(4) if a != axis))
            bias = graph.constants[operation.bias]
            found[operation.bias] = (bias - shift).astype(bias.dtype)
    return found


def _copy(graph: Graph) -> Graph:
    return replace(graph, values=dict(graph.values), constants=dict(graph.constants), operations=[])
