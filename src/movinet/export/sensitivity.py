"""What 8 bits cost, layer by layer, and which layers are better left in float."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from movinet.export.calibration import Ranges, as_image
from movinet.export.evaluator import Evaluator, one_thread
from movinet.export.graph import Array, Convolution, Depthwise, Graph, Operation, Quantisation
from movinet.export.precision import round_weights
from movinet.export.quantise import integer_values, layer_of, layers_of, parameters

# The error that an int8 file may have before layers are taken out of it: the root mean square of
# what the logits differ from float's, as a part of their own spread over classes and frames. At
# 0.03 the answer on top is another one on 2 frames in 100 (lite network, Kinetics-600).
TOLERANCE = 0.1


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs in 8 bits while all others are exact.

    `error` is the root mean square of the change in the logits, as a part of their spread.
    """

    layer: str
    error: float
    kept_float: bool


@dataclass(frozen=True)
class Choice:
    """Which layers go into 8 bits, what each costs, and the error of all of them together."""

    layers: tuple[str, ...]
    costs: tuple[LayerCost, ...]
    error: float


class Simulation(Evaluator):
    """A float graph in which some layers compute as if in 8 bits."""

    def __init__(
        self, graph: Graph, ranges: Ranges, biases: Mapping[str, Array] = MappingProxyType({})
    ) -> None:
        """`biases` are those to use beside rounded weights; see `corrected_biases`."""
        super().__init__(graph)
        self._exact = dict(self.constants)
        self._rounded = _rounded_weights(graph)
        self._rounded |= {name: torch.from_numpy(bias) for name, bias in biases.items()}
        self._known = parameters(graph, ranges)
        self._steps: Mapping[str, Quantisation] = {}

    def quantise(self, layers: Collection[str]) -> None:
        """From now on these layers are in 8 bits."""
        self._steps = {n: self._known[n] for n in integer_values(self.graph, layers)}
        rounded = {n: w for n, w in self._rounded.items() if layer_of(n) in layers}
        self.constants = {**self._exact, **rounded}

    def compute(self, operation: Operation, values: Mapping[str, Tensor]) -> Tensor:
        """What an operation gives, rounded where that is 8 bits."""
        value = super().compute(operation, values)
        how = self._steps.get(operation.output)
        if how is None:
            return value
        low, high = ((edge - how.zero) * how.scale[0] for edge in (-128, 127))
        return value.div(how.scale[0]).round_().mul_(how.scale[0]).clamp_(low, high)


def _rounded_weights(graph: Graph) -> dict[str, Tensor]:
    rounded = {}
    for operation in graph.operations:
        if isinstance(operation, Convolution | Depthwise):
            axis = 0 if isinstance(operation, Convolution) else 3
            numbers, how = round_weights(graph.constants[operation.weight], axis)
            along = [1] * 4
            along[axis] = -1
            scales = np.array(how.scale, np.float32).reshape(along)
            rounded[operation.weight] = torch.from_numpy(numbers * scales)
    return rounded


@one_thread()
@torch.no_grad()
def choose_layers(
    graph: Graph,
    ranges: Ranges,
    clips: Sequence[Array],
    biases: Mapping[str, Array] = MappingProxyType({}),
) -> Choice:
    """The layers to put into 8 bits: all, but for the worst where all together cost too much.

    Args:
        graph: a step in float, hard-swish in plain operations everywhere.
        ranges: of its values.
        clips: a few short ones, each `[T, H, W, 3]` uint8, to try it on.
        biases: those to use beside rounded weights; see `corrected_biases`.
    """
    simulation = Simulation(graph, ranges, biases)
    exact = _logits(simulation, clips)

    def error(layers: Collection[str]) -> float:
        simulation.quantise(layers)
        difference = _logits(simulation, clips) - exact
        return float(difference.pow(2).mean().sqrt() / exact.std())

    layers = layers_of(graph)
    costs = {layer: error([layer]) for layer in layers}
    kept = sorted(layers, key=costs.__getitem__)
    total = error(kept)
    while kept and total > TOLERANCE:
        kept.pop()
        total = error(kept)
    return Choice(
        layers=tuple(layer for layer in layers if layer in kept),
        costs=tuple(LayerCost(layer, costs[layer], layer not in kept) for layer in layers),
        error=total,
    )


def _logits(evaluator: Evaluator, clips: Sequence[Array]) -> Tensor:
    """The logits after every frame, `[frames, classes]`."""
    rows = []
    for clip in clips:
        state = evaluator.empty_state()
        for frame in clip:
            values, state = evaluator.step(as_image(frame), state)
            rows.append(values["logits"][0])
    return torch.stack(rows)
