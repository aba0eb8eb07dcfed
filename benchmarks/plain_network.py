"""The opponent: A0 stream as one would write it down first, five-dimensional throughout.

`[B, C, T, H, W]` everywhere, `Conv3d`, `BatchNorm3d` and `AvgPool3d` for everything, no special
memory layout. The same mathematics as `movinet.network` (its weights can be loaded into it), with
dropout and stochastic depth left out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor, nn

from movinet.network import FAMILY, Layer, MoViNet
from movinet.network.layers import EPSILON, MOMENTUM, same_padding
from movinet.network.squeeze import hidden_width


class PlainConv(nn.Module):
    """A 3-D convolution, causal in time, batch norm, hard swish."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: tuple[int, int, int] = (1, 1, 1),
        *,
        stride: int = 1,
        groups: int = 1,
        activation: bool = True,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.activation = kernel, stride, activation
        self.conv = nn.Conv3d(
            channels_in, channels_out, kernel, (1, stride, stride), groups=groups, bias=False
        )
        self.norm = nn.BatchNorm3d(channels_out, EPSILON, MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T, H, W]`."""
        frames, rows, columns = self.kernel
        height = same_padding(x.shape[3], rows, self.stride)
        width = same_padding(x.shape[4], columns, self.stride)
        if any((*height, *width, frames - 1)):
            x = F.pad(x, (*width, *height, frames - 1, 0))
        x = self.norm(self.conv(x))
        return F.hardswish(x) if self.activation else x


class PlainSqueeze(nn.Module):
    """Squeeze-excite over the mean so far and the mean of the frame."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = hidden_width(channels, "2plus3d")
        self.reduce = nn.Conv3d(2 * channels, hidden, 1)
        self.expand = nn.Conv3d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T, H, W]`."""
        means = x.mean((3, 4), keepdim=True)
        counts = torch.arange(1, x.shape[2] + 1, device=x.device).view(1, 1, -1, 1, 1)
        seen = torch.cat([means.cumsum(2) / counts, means], 1)
        gate = self.expand(F.hardswish(self.reduce(seen)))
        return x * (0.2 * gate + 0.5).clamp(0, 1)


class PlainLayer(nn.Module):
    """One inverted bottleneck."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        frames, rows, columns = layer.kernel
        wide = layer.expanded
        self.stride = layer.stride
        self.expand = PlainConv(layer.channels_in, wide)
        self.depthwise = PlainConv(wide, wide, (1, rows, columns), stride=layer.stride, groups=wide)
        self.temporal = PlainConv(wide, wide, (frames, 1, 1), groups=wide) if frames > 1 else None
        self.squeeze = PlainSqueeze(wide)
        self.project = PlainConv(wide, layer.channels_out, activation=False)
        same = layer.stride == 1 and layer.channels_in == layer.channels_out
        self.skip = (
            None if same else PlainConv(layer.channels_in, layer.channels_out, activation=False)
        )
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T, H, W]`."""
        y = self.depthwise(self.expand(x))
        if self.temporal is not None:
            y = self.temporal(y)
        y = self.project(self.squeeze(y)) * self.scale
        if self.stride == 2:
            rows, columns = x.shape[3] % 2, x.shape[4] % 2
            x = F.avg_pool3d(
                x,
                (1, 3, 3),
                (1, 2, 2),
                (0, rows, columns),
                ceil_mode=True,
                count_include_pad=False,
            )
        return y + (x if self.skip is None else self.skip(x))


class PlainNetwork(nn.Module):
    """A0 stream, from clips `[B, 3, T, H, W]` to logits `[B, 600]`."""

    def __init__(self) -> None:
        super().__init__()
        variant = FAMILY["a0"]
        self.stem = PlainConv(3, variant.stem, (1, 3, 3), stride=2)
        self.blocks = nn.ModuleList(
            nn.ModuleList(PlainLayer(layer) for layer in block) for block in variant.blocks
        )
        self.project = PlainConv(variant.layers[-1].channels_out, variant.features)
        self.dense = nn.Conv3d(variant.features, variant.dense, 1)
        self.classifier = nn.Conv3d(variant.dense, 600, 1)

    def forward(self, clip: Tensor) -> Tensor:
        """The logits of whole clips."""
        x = self.stem(clip)
        for block in self.blocks:
            for layer in block:  # type: ignore[attr-defined]
                x = layer(x)
        pooled = self.project(x).mean((2, 3, 4), keepdim=True)
        return self.classifier(F.silu(self.dense(pooled))).flatten(1)

    def load_from(self, net: MoViNet) -> None:
        """Take the weights of our network."""
        own = self.state_dict()
        taken = {name.removeprefix("head."): t for name, t in net.state_dict().items()}
        for name, tensor in own.items():
            if name in taken:
                own[name] = taken[name].reshape(tensor.shape)
        self.load_state_dict(own)
