"""Squeeze-excite over the present frame and the frames so far, with positional encoding.

Architecture: Kondratyuk et al. 2021, section 3.2 (causal squeeze-excite); the two means side by
side and their order are those of the official code.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from movinet.network.config import Activation, Gate, SqueezeExcite
from movinet.network.layers import ACTIVATIONS, GATES
from movinet.network.pooling import frame_means, means_so_far


def hidden_width(expanded: int, kind: SqueezeExcite) -> int:
    """Channels between reduce and expand: a quarter of what goes in, in steps of 8."""
    wanted = 0.25 * expanded * (2 if kind == "2plus3d" else 1)
    width = max(8, int(wanted + 4) // 8 * 8)
    return width + 8 if width < 0.9 * wanted else width


class SqueezeExciteLayer(nn.Module):
    """Weighs the channels of each frame by what the frame, or all frames so far, show."""

    def __init__(
        self,
        channels: int,
        kind: SqueezeExcite,
        *,
        activation: Activation,
        gate: Gate,
        positional_encoding: bool,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.activation = activation
        self.gate = gate
        seen = channels * (2 if kind == "2plus3d" else 1)
        hidden = hidden_width(channels, kind)
        self.reduce = nn.Linear(seen, hidden)
        self.expand = nn.Linear(hidden, channels)
        if positional_encoding:
            self.position_scale: nn.Parameter | None = nn.Parameter(torch.zeros(()))
        else:
            self.position_scale = None

    def forward(
        self, x: Tensor, ages: Tensor, total: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Frames `[B * T, C, H, W]`, weighed; and the running sum `[B, C]` after them."""
        means = frame_means(x, ages.shape[0])
        after = total
        seen = means
        if self.kind != "2d":
            so_far, after = means_so_far(means, ages, total)
            seen = torch.cat([so_far, means], -1) if self.kind == "2plus3d" else so_far
        if self.position_scale is not None:
            seen = seen + self.position_scale * positions(ages - 1, seen.shape[-1])
        hidden = ACTIVATIONS[self.activation](self.reduce(seen.to(self.reduce.weight.dtype)))
        gate = GATES[self.gate](self.expand(hidden)).to(x.dtype)
        return x * gate.flatten(0, 1)[:, :, None, None], after


def positions(numbers: Tensor, channels: int) -> Tensor:
    """The sines and then the cosines of frame numbers `[B, T]`: `[B, T, channels]`.

    Vaswani et al. 2017, section 3.5, with all sines before all cosines.
    """
    half = channels // 2
    steps = torch.arange(half, device=numbers.device, dtype=torch.float32)
    angles = numbers[..., None].float() * torch.exp(steps * (-2 * math.log(10000) / channels))
    return torch.cat([angles.sin(), angles.cos()], -1)
