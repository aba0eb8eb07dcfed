"""The parts that every layer is made of: activations, and convolution with batch norm.

Frames go through the network as `[B * T, C, H, W]` in channels-last memory. That memory is also
`[B, T, H, W, C]`, so the same tensor is a batch of pictures for the convolutions in the picture and
a batch of clips for those in time, and nothing is ever transposed.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor, nn

from movinet.network.config import Activation, Gate

EPSILON = 1e-3  # of batch norm
MOMENTUM = 0.01  # TensorFlow's 0.99, the other way round

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "swish": F.silu,
    "hard_swish": F.hardswish,
    "relu": F.relu,
    "relu6": F.relu6,
}
GATES: dict[Gate, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "keras": lambda x: (0.2 * x + 0.5).clamp(0, 1),
    "relu6": lambda x: F.relu6(x + 3) * 0.16667,
}


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Rows to add before and after an axis so that its output has ceil(size / stride) rows.

    TensorFlow's "SAME": an odd total puts the larger half behind, which symmetric padding cannot.
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def padded(x: Tensor, kernel: tuple[int, int], stride: int) -> tuple[Tensor, tuple[int, int]]:
    """`x` `[..., H, W]`, and the padding that is left for the convolution itself to do.

    Only where the two sides differ are zeros written; that is a copy.
    """
    (top, bottom), (left, right) = (
        same_padding(size, k, stride) for size, k in zip(x.shape[-2:], kernel, strict=True)
    )
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom)), (0, 0)


def as_clips(x: Tensor, batch: int) -> Tensor:
    """`[B * T, C, H, W]` as `[B, T, H, W, C]`; no copy in channels-last memory."""
    frames, channels, height, width = x.shape
    return x.permute(0, 2, 3, 1).reshape(batch, frames // batch, height, width, channels)


def as_frames(x: Tensor) -> Tensor:
    """`[B, T, H, W, C]` as `[B * T, C, H, W]`; no copy."""
    return x.flatten(0, 1).permute(0, 3, 1, 2)


class Norm(nn.Module):
    """Batch norm as the official networks have it.

    PyTorch's own module, less its count of batches, which nothing here uses and which no weights of
    others bring along.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`[N, C, H, W]`, normalised by its own statistics; as it is once those are kept.

        `kernel_and_bias` of the convolution before has done it then.
        """
        if not self.training:
            return x
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, True, MOMENTUM, EPSILON
        )


class Convolution(nn.Module):
    """What all convolutions have: the convolution itself, batch norm and an activation.

    In the fused form the batch norm is inside the convolution, which then has a bias.
    """

    def __init__(
        self, conv: nn.Conv2d | nn.Conv3d, *, activation: Activation | None, fused: bool
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm = None if fused else Norm(conv.out_channels)
        self.activation = activation

    def kernel_and_bias(self) -> tuple[Tensor, Tensor | None]:
        """What to convolve with.

        A batch norm that keeps its statistics is inside: it costs nothing there, and by itself it
        would read and write all that the convolution gives, forward and backward.
        """
        kernel, norm = self.conv.weight, self.norm
        if norm is None or norm.training:
            return kernel, self.conv.bias
        factor = norm.weight * torch.rsqrt(norm.running_var + EPSILON)
        inside = kernel * factor.view(-1, *[1] * (kernel.dim() - 1))
        return inside, norm.bias - norm.running_mean * factor

    def finish(self, x: Tensor) -> Tensor:
        """Batch norm and activation of `x` `[N, C, H, W]`."""
        if self.norm is not None:
            x = self.norm(x)
        return x if self.activation is None else ACTIVATIONS[self.activation](x)


class FrameConv(Convolution):
    """A convolution on each frame by itself."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: tuple[int, int] = (1, 1),
        *,
        stride: int = 1,
        depthwise: bool = False,
        activation: Activation | None = None,
        fused: bool = False,
    ) -> None:
        groups = channels_in if depthwise else 1
        conv = nn.Conv2d(channels_in, channels_out, kernel, stride, groups=groups, bias=fused)
        super().__init__(conv, activation=activation, fused=fused)
        self.kernel = kernel
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """`[N, C, H, W]` to `[N, C', ceil(H / stride), ceil(W / stride)]`."""
        x, padding = padded(x, self.kernel, self.stride)
        kernel, bias = self.kernel_and_bias()
        y = F.conv2d(x, kernel, bias, self.stride, padding, groups=self.conv.groups)
        return self.finish(y)
