"""The ranges of a graph's values on real streams, states carried from frame to frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from movinet.export.evaluator import Evaluator, one_thread
from movinet.export.graph import Array, Binary, Convolution, Depthwise, Graph, is_picture

_BINS = 2048
# Clipped numbers weigh more than rounded ones: with the square, a label's score moved by up to
# 0.07, with the cube by 0.03 (lite network, calibrated and tried on the same 14 videos).
_POWER = 3
_SHRINKS = torch.logspace(0, -1.7, 30, dtype=torch.float64)  # 1 down to a fiftieth

Ranges = dict[str, tuple[float, float]]


def as_image(frame: Array) -> Tensor:
    """A frame `[H, W, 3]` uint8 as the graph's image input."""
    return torch.from_numpy(frame).float().div(255)[None]


@one_thread()
@torch.no_grad()
def calibrate(graph: Graph, clips: Sequence[Array]) -> Ranges:
    """For each value the range that 8 bits are best spent on.

    Not the widest: a few large numbers would leave too few steps for all others. Of a range of
    candidates the one is taken with which the cubed error of rounding and clipping is least.

    Args:
        graph: a step, in float.
        clips: each `[T, H, W, 3]` uint8 of the graph's picture size.
    """
    evaluator = Evaluator(graph)
    extremes: dict[str, tuple[float, float]] = {}
    for values in _steps(evaluator, clips):
        for name, value in values.items():
            low, high = (float(edge) for edge in value.aminmax())
            least, most = extremes.get(name, (0.0, 0.0))
            extremes[name] = min(least, low), max(most, high)
    gates = _gates(graph)
    for operation in gates:
        low, high = extremes[operation.left]
        # Hard-swish is 0 below -3: what lies there needs no steps.
        extremes[operation.left] = max(low, -3.0), high
    histograms: dict[str, Tensor] = {}
    for values in _steps(evaluator, clips):
        for name, value in values.items():
            low, high = extremes[name]
            if is_picture(value.shape) and high > low:
                counts = torch.histc(value.clamp(low, high), _BINS, low, high).double()
                histograms[name] = histograms.get(name, torch.zeros(())) + counts
    best = {name: best_range(counts, *extremes[name]) for name, counts in histograms.items()}
    return {**extremes, **best, **{operation.output: (0.0, 6.0) for operation in gates}}


@one_thread()
@torch.no_grad()
def channel_means(graph: Graph, clips: Sequence[Array]) -> dict[str, Array]:
    """What goes into each convolution, by its name, as a mean over frames and pixels, `[channels]`.

    Args:
        graph: a step, in float.
        clips: each `[T, H, W, 3]` uint8 of the graph's picture size.
    """
    names = {o.input for o in graph.operations if isinstance(o, Convolution | Depthwise)}
    sums: dict[str, Tensor] = {}
    count = 0
    for values in _steps(Evaluator(graph), clips):
        count += 1
        for name in names:
            mean = values[name].double().mean((0, 1, 2))
            sums[name] = sums.get(name, torch.zeros_like(mean)) + mean
    return {name: (total / count).numpy() for name, total in sums.items()}


def _steps(evaluator: Evaluator, clips: Sequence[Array]) -> Iterator[dict[str, Tensor]]:
    for clip in clips:
        state = evaluator.empty_state()
        for frame in clip:
            values, state = evaluator.step(as_image(frame), state)
            yield values


def _gates(graph: Graph) -> list[Binary]:
    """The additions of 3 in a hard-swish that is written in plain operations."""
    return [
        o
        for o in graph.operations
        if isinstance(o, Binary) and o.fused == "relu6" and is_picture(graph.shape(o.output))
    ]


def best_range(counts: Tensor, low: float, high: float) -> tuple[float, float]:
    """The range within `low` to `high` with the least cubed error in 8 bits.

    `counts` is a histogram of the numbers over that range.
    """
    centres = low + (torch.arange(len(counts), dtype=torch.float64) + 0.5) * (
        (high - low) / len(counts)
    )
    ends = torch.maximum(torch.tensor(max(-low, high), dtype=torch.float64) * _SHRINKS, _TINY)
    lows, highs = (-ends).clamp(min=low), ends.clamp(max=high)
    beyond = (centres - highs[:, None]).clamp(min=0) + (lows[:, None] - centres).clamp(min=0)
    rounding = ((highs - lows) / 510) ** _POWER / (_POWER + 1)
    errors = ((beyond**_POWER + rounding[:, None] * (beyond == 0)) * counts).sum(1)
    place = int(errors.argmin())
    return float(lows[place]), float(highs[place])


_TINY = torch.tensor(1e-12, dtype=torch.float64)
