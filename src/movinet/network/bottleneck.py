"""The inverted bottleneck, of which every variant is a chain.

    x ─ expand ─ depthwise ─ (temporal) ─ squeeze-excite ─ project ─ scale ─ drop ─ (+) ─
     └───────────────────────── skip: x, or pooled, or projected ───────────────────┘

Architecture: Kondratyuk et al. 2021, section 3.1 and appendix; the scale is that of ReZero
(Bachlechner et al. 2020), the drop is stochastic depth (Huang et al. 2016).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor, nn

from movinet.network.config import NetworkConfig
from movinet.network.layers import FrameConv
from movinet.network.squeeze import SqueezeExciteLayer
from movinet.network.temporal import TemporalConv, VolumeConv
from movinet.network.variants import Layer


class Skip(FrameConv):
    """The way around a layer that changes size or width: mean of 3x3 pixels, then a projection."""

    def __init__(self, layer: Layer, *, fused: bool) -> None:
        super().__init__(layer.channels_in, layer.channels_out, fused=fused)
        self.halves = layer.stride == 2

    def forward(self, x: Tensor) -> Tensor:
        """`[N, C, H, W]` to `[N, C', ceil(H / stride), ceil(W / stride)]`."""
        if self.halves:
            # TensorFlow's SAME, with the real pixels under the window as the divisor. An even size
            # is padded behind only, which is what `ceil_mode` does.
            rows, columns = (size % 2 for size in x.shape[-2:])
            x = F.avg_pool2d(x, 3, 2, (rows, columns), ceil_mode=True, count_include_pad=False)
        return super().forward(x)


class Bottleneck(nn.Module):
    """One layer; see the picture above."""

    def __init__(self, layer: Layer, config: NetworkConfig, drop: float) -> None:
        super().__init__()
        self.place = layer
        self.drop = drop
        frames, *kernel = layer.kernel
        rows, columns = kernel
        wide, act, fused = layer.expanded, config.activation, config.fused
        self.expand = FrameConv(layer.channels_in, wide, activation=act, fused=fused)
        self.depthwise: FrameConv | VolumeConv
        if config.conv_type == "3d" and frames > 1:
            self.depthwise = VolumeConv(
                wide, layer.kernel, stride=layer.stride, activation=act, fused=fused
            )
        else:
            self.depthwise = FrameConv(
                wide,
                wide,
                (rows, columns),
                stride=layer.stride,
                depthwise=True,
                activation=act,
                fused=fused,
            )
        self.temporal = (
            TemporalConv(wide, frames, activation=act, fused=fused)
            if config.conv_type != "3d" and frames > 1
            else None
        )
        self.squeeze = (
            SqueezeExciteLayer(
                wide,
                config.squeeze_excite,
                activation=act,
                gate=config.gate,
                positional_encoding=config.positional_encoding,
            )
            if config.squeeze_excite != "none"
            else None
        )
        self.project = FrameConv(wide, layer.channels_out, fused=fused)
        same = layer.stride == 1 and layer.channels_in == layer.channels_out
        self.skip = None if same else Skip(layer, fused=fused)
        self.scale = None if fused else nn.Parameter(torch.zeros(()))

    def forward(
        self, x: Tensor, ages: Tensor, buffer: Tensor | None, total: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Frames `[B * T, C, H, W]`; gives as many, and stream buffer and pool sum after them."""
        batch = ages.shape[0]
        y = self.expand(x)
        if isinstance(self.depthwise, VolumeConv):
            y, buffer = self.depthwise(y, batch, buffer)
        else:
            y = self.depthwise(y)
        if self.temporal is not None:
            y, buffer = self.temporal(y, batch, buffer)
        if self.squeeze is not None:
            y, total = self.squeeze(y, ages, total)
        y = self.project(y)
        if self.scale is not None:
            y = y * self.scale
        if self.training and self.drop:
            y = dropped(y, batch, self.drop)
        return y + (x if self.skip is None else self.skip(x)), buffer, total


def dropped(y: Tensor, batch: int, rate: float) -> Tensor:
    """`y` `[B * T, C, H, W]` with all frames of some clips set to 0, the others made up for it."""
    kept = torch.rand(batch, 1, device=y.device) >= rate
    frames = y.shape[0] // batch
    weights = (kept.to(y.dtype) / (1 - rate)).expand(batch, frames).flatten()
    return y * weights[:, None, None, None]
