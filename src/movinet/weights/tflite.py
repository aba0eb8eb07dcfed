"""Taking the weights out of a .tflite file of a MoViNet stream, whoever converted it.

The graph is walked from the logits back to the image. Names of tensors and the order of operators
are not looked at: converters change both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movinet.errors import ModelError
from movinet.network.variants import FAMILY, Layer, Variant
from movinet.weights.found import Array, Found, Hints
from movinet.weights.tflitegraph import IDENTIFIER, Operator, Tensor, TFLiteGraph, open_graphs
from movinet.weights.tflitepatterns import Linear, Patterns, unlike

_WHOLE_CLIP = (
    "it takes a whole clip at a time (base form), and weights are read from files of stream form "
    "only; use the checkpoint that it was made from"
)


@dataclass(frozen=True)
class _Squeeze:
    """Squeeze-excite of one layer; `position` is its positional encoding's scale and name."""

    reduce: Linear
    expand: Linear
    position: tuple[float, str] | None


@dataclass(frozen=True)
class _Bottleneck:
    """One layer as found; `scale` is its layer scale and name."""

    expand: Linear
    depthwise: Linear
    temporal: Linear | None
    squeeze: _Squeeze | None
    project: Linear
    skip: Linear | None
    pooled: bool
    scale: tuple[float, str]


def is_tflite(source: Path) -> bool:
    """Whether the file at `source` says that it is a .tflite."""
    try:
        with source.open("rb") as file:
            return file.read(8)[4:] == IDENTIFIER
    except OSError:
        return False


def read_tflite(source: Path) -> Found:
    """The weights of the .tflite file at `source`, dequantised.

    Batch norm is folded in such files, so every convolution comes with a bias. A layer scale that
    was folded too comes as 1.

    Raises:
        ModelError: it cannot be read, or is not a MoViNet of stream or lite form.
    """
    try:
        return _found(open_graphs(source.read_bytes()))
    except OSError as error:
        raise ModelError(f"cannot read {source}: {error.strerror}") from error
    except ModelError as error:
        raise ModelError(f"cannot take weights from {source}: {error}") from error


def _found(graphs: list[TFLiteGraph]) -> Found:
    graph, image = _with_image(graphs)
    walk = _Walk(graph, image)
    classifier = walk.classifier()
    dense = walk.dense(classifier)
    head, layers, stem = walk.trunk(dense)
    variant = _variant(stem, layers, head)

    tensors: dict[str, Array] = {}
    names: dict[str, str] = {}

    def put(name: str, line: Linear, *, matrix: bool = False) -> None:
        weight = line.weight[:, 0, 0] if matrix else line.weight.transpose(0, 3, 1, 2)
        if line.depthwise:
            weight = line.weight.transpose(3, 0, 1, 2)
        for kind, values, origin in zip(
            ("weight", "bias"), (weight, line.bias), line.names, strict=True
        ):
            tensors[f"{name}.{kind}"] = np.ascontiguousarray(values)
            names[f"{name}.{kind}"] = origin

    def put_number(name: str, number: tuple[float, str]) -> None:
        tensors[name] = np.array(number[0], np.float32)
        names[name] = number[1]

    put("stem.conv", stem)
    for place, layer in zip(variant.layers, layers, strict=True):
        prefix = f"blocks.{place.block}.{place.index}"
        put(f"{prefix}.expand.conv", layer.expand)
        put(f"{prefix}.depthwise.conv", layer.depthwise)
        if layer.temporal is not None:
            put(f"{prefix}.temporal.conv", layer.temporal)
        if layer.squeeze is not None:
            put(f"{prefix}.squeeze.reduce", layer.squeeze.reduce, matrix=True)
            put(f"{prefix}.squeeze.expand", layer.squeeze.expand, matrix=True)
            if layer.squeeze.position is not None:
                put_number(f"{prefix}.squeeze.position_scale", layer.squeeze.position)
        put(f"{prefix}.project.conv", layer.project)
        if layer.skip is not None:
            put(f"{prefix}.skip.conv", layer.skip)
        put_number(f"{prefix}.scale", layer.scale)
    put("head.project.conv", head)
    put("head.dense", dense, matrix=True)
    put("head.classifier", classifier, matrix=True)
    return Found(
        kind="TensorFlow Lite file",
        tensors=tensors,
        names=names,
        left=walk.left(),
        hints=walk.hints(squeezed=layers[0].squeeze is not None),
    )


def _with_image(graphs: list[TFLiteGraph]) -> tuple[TFLiteGraph, int]:
    """The subgraph that sees the picture, and its number there; others make initial states."""
    shapes = []
    for graph in graphs:
        for number in graph.inputs:
            shape = graph.tensors[number].shape
            shapes.append(shape)
            if len(shape) in (4, 5) and shape[-1] == 3:
                if any(operator.name == "CONV_3D" for operator in graph.operators) or (
                    len(shape) == 5 and shape[1] != 1
                ):
                    raise ModelError(_WHOLE_CLIP)
                if len(graph.inputs) == 1:
                    raise ModelError(
                        f"it takes one picture {list(shape)} and no states: "
                        "an image classifier, not a MoViNet stream"
                    )
                return graph, number
    inputs = ", ".join(str(list(shape)) for shape in shapes[:5]) or "nothing"
    raise unlike(f"it takes no picture [1, 1, H, W, 3], but {inputs}")


class _Walk:
    """The way back from the logits to the image, and what is seen on it."""

    def __init__(self, graph: TFLiteGraph, image: int) -> None:
        self._graph = graph
        self._image = image
        self._patterns = Patterns(graph)
        self._activations: set[str] = set()
        self._gates: set[str] = set()
        self._dense_activation = ""

    def _activation(self, number: int) -> Linear:
        kind, line = self._patterns.activation(number)
        self._activations.add(kind)
        return line

    def classifier(self) -> Linear:
        """The one output that is what a matrix product gives; states never are."""
        found = []
        for output in self._graph.outputs:
            operator = self._graph.producer(output)
            if operator is not None and operator.name == "SOFTMAX":
                output = operator.inputs[0]
            shape = self._graph.tensors[output].shape
            if shape and math.prod(shape) == shape[-1]:
                try:
                    found.append(self._patterns.linear(output))
                except ModelError:
                    continue
        if len(found) != 1:
            raise unlike(f"it should have one output of logits, but has {len(found)}")
        return found[0]

    def dense(self, classifier: Linear) -> Linear:
        """The layer before the classifier."""
        self._dense_activation, line = self._patterns.activation(classifier.input)
        return line

    def trunk(self, dense: Linear) -> tuple[Linear, list[_Bottleneck], Linear]:
        """Head projection, layers in order, and stem."""
        maps, state = self._patterns.sources(dense.input)
        if len(maps) != 1 or not state:
            raise unlike("its dense layer is not fed by a running mean")
        head = self._activation(maps.pop())
        layers: list[_Bottleneck] = []
        number = head.input
        while sides := self._patterns.both(number, "ADD"):
            layer, number = self._bottleneck(*sides)
            layers.insert(0, layer)
        stem = self._activation(number)
        if self._graph.root(stem.input) != self._graph.root(self._image):
            raise unlike("its first convolution does not see the picture")
        return head, layers, stem

    def _bottleneck(self, a: int, b: int) -> tuple[_Bottleneck, int]:
        """The layer whose branch and skip are `a` and `b`, and the tensor that goes into it."""
        branches = [side for side in (a, b) if self._is_branch(side)]
        if len(branches) != 1:
            raise unlike("a sum is not that of a layer and its skip")
        skip = b if branches[0] == a else a
        scale, project = self._scaled(branches[0])
        squeeze, feature = None, project.input
        gate = None
        if self._patterns.self_gated(feature) is None:
            gate = self._patterns.gate(feature)
        if gate is not None:
            kind, feature, last = gate
            self._gates.add(kind)
            squeeze = self._squeeze(last, feature)
        temporal, depthwise = None, self._activation(feature)
        joined = self._graph.producer(depthwise.input)
        if joined is not None and joined.name == "CONCATENATION":
            temporal, depthwise = depthwise, self._activation(self._newest(joined))
        expand = self._activation(depthwise.input)
        layer_input = self._graph.root(expand.input)
        skip_line, pooled = self._skip(skip, layer_input)
        layer = _Bottleneck(expand, depthwise, temporal, squeeze, project, skip_line, pooled, scale)
        return layer, layer_input

    def _is_branch(self, number: int) -> bool:
        """Whether a tensor ends a branch: a projection of what is no layer's or pool's result."""
        try:
            line = self._patterns.linear(number)
        except ModelError:
            return False
        operator = self._graph.producer(line.input)
        return (
            operator is not None
            and operator.name != "AVERAGE_POOL_2D"
            and self._patterns.both(line.input, "ADD") is None
            and (self._image != self._graph.root(line.input))
        )

    def _scaled(self, number: int) -> tuple[tuple[float, str], Linear]:
        """The layer scale and the projection before it."""
        scale, inner = self._patterns.peel(number)
        line = self._patterns.linear(inner)
        if inner == number:
            return (1.0, line.names[0]), line
        operator = self._graph.producer(number)
        assert operator is not None
        constant = next(i for i in operator.inputs if self._graph.is_constant(i))
        return (scale, self._patterns.name(constant)), line

    def _newest(self, joined: Operator) -> int:
        """What is put behind a stream buffer, which comes straight from an input."""
        fresh = [i for i in joined.inputs if self._graph.root(i) not in self._graph.inputs]
        if len(joined.inputs) != 2 or fresh != [joined.inputs[1]]:
            raise unlike("a convolution in time does not see its buffer and then the new frame")
        return fresh[0]

    def _squeeze(self, expand: Linear, feature: int) -> _Squeeze:
        reduce = self._activation(expand.input)
        seen, position = reduce.input, None
        sides = self._patterns.both(seen, "ADD")
        if sides is not None:
            for means, encoding in (sides, sides[::-1]):
                if not self._patterns.sources(encoding)[0]:
                    scale, inner = self._patterns.peel(encoding)
                    name = self._constant_name(encoding) if inner != encoding else ""
                    seen, position = means, (scale, name or reduce.names[0])
        joined = self._graph.producer(seen)
        pair = joined.inputs if joined is not None and joined.name == "CONCATENATION" else ()
        sources = [self._patterns.sources(number) for number in pair]
        # The running mean comes first, then that of this frame, which no state takes part in.
        if sources != [({self._graph.root(feature)}, True), ({self._graph.root(feature)}, False)]:
            raise unlike("squeeze-excite should see the mean of all frames and that of the last")
        return _Squeeze(reduce, expand, position)

    def _constant_name(self, number: int) -> str:
        operator = self._graph.producer(number)
        constants = [i for i in operator.inputs if self._graph.is_constant(i)] if operator else []
        return self._patterns.name(constants[0]) if constants else ""

    def _skip(self, number: int, layer_input: int) -> tuple[Linear | None, bool]:
        if self._graph.root(number) == layer_input:
            return None, False
        line = self._patterns.linear(number)
        source = self._graph.producer(line.input)
        pooled = source is not None and source.name == "AVERAGE_POOL_2D"
        before = source.inputs[0] if pooled and source else line.input
        if self._graph.root(before) != layer_input:
            raise unlike("a skip does not start where its layer starts")
        return line, pooled

    def left(self) -> tuple[str, ...]:
        """The names of larger constants that are no part of the network."""
        return tuple(
            tensor.name
            for number, tensor in enumerate(self._graph.tensors)
            if number not in self._patterns.used and _is_weight(tensor)
        )

    def hints(self, *, squeezed: bool) -> Hints:
        """What the graph shows beside its numbers."""
        for what, words in (("activations", self._activations), ("gates", self._gates)):
            if len(words) > 1:
                raise unlike(f"it mixes the {what} {' and '.join(sorted(words))}")
        height, width = self._graph.tensors[self._image].shape[-3:-1]
        return Hints(
            form="stream" if squeezed else "lite",
            conv_type="2plus1d",
            activation=next(iter(self._activations)),
            gate=next(iter(self._gates), None),
            classifier_activation=self._dense_activation,
            size=(height, width),
        )


def _is_weight(tensor: Tensor) -> bool:
    if not tensor.data or math.prod(tensor.shape) <= 1:
        return False
    return tensor.dtype not in ("int32", "int64", "bool") or tensor.quantisation is not None


def _variant(stem: Linear, layers: list[_Bottleneck], head: Linear) -> Variant:
    """The member of the family that has these layers, which is told by their number."""
    fitting = [variant for variant in FAMILY.values() if len(variant.layers) == len(layers)]
    if not fitting:
        raise unlike(f"no variant has {len(layers)} layers")
    variant = fitting[0]
    for what, line, channels, kernel in (
        ("stem", stem, variant.stem, (3, 3)),
        ("head", head, variant.features, (1, 1)),
    ):
        if line.depthwise or line.weight.shape[0] != channels or line.kernel != kernel:
            raise unlike(
                f"its {what} has weights {list(line.weight.shape)}, which is not {variant.name}'s"
            )
    for place, layer in zip(variant.layers, layers, strict=True):
        if _shape(layer) != _expected(place) or _odd(layer, layers[0]):
            raise unlike(f"{place.name} is not that of {variant.name}")
    return variant


def _shape(layer: _Bottleneck) -> tuple[object, ...]:
    """What `_expected` says of a layer of the table."""
    depthwise, temporal = layer.depthwise, layer.temporal
    return (
        layer.expand.weight.shape,
        depthwise.weight.shape,
        depthwise.operator.stride,
        temporal.weight.shape[1:] if temporal is not None else None,
        layer.project.weight.shape,
        layer.skip.weight.shape if layer.skip is not None else None,
        layer.pooled,
    )


def _expected(place: Layer) -> tuple[object, ...]:
    time, height, width = place.kernel
    projected = place.stride != 1 or place.channels_in != place.channels_out
    return (
        (place.expanded, 1, 1, place.channels_in),
        (1, height, width, place.expanded),
        (place.stride, place.stride),
        (time, 1, place.expanded) if time > 1 else None,
        (place.channels_out, 1, 1, place.expanded),
        (place.channels_out, 1, 1, place.channels_in) if projected else None,
        place.stride != 1,
    )


def _odd(layer: _Bottleneck, first: _Bottleneck) -> bool:
    """Whether a layer's squeeze-excite, depthwise nature or padding is not that of the others."""
    lines = [layer.depthwise, *([layer.temporal] if layer.temporal is not None else [])]
    if not all(line.depthwise for line in lines) or not layer.depthwise.operator.padded:
        return True
    if (layer.squeeze is None) != (first.squeeze is None):
        return True
    if layer.squeeze is None:
        return False
    expanded = layer.expand.weight.shape[0]
    reduce, expand = layer.squeeze.reduce.weight.shape, layer.squeeze.expand.weight.shape
    hidden = reduce[0]
    fits: bool = reduce == (hidden, 1, 1, 2 * expanded) and expand == (expanded, 1, 1, hidden)
    return not fits
