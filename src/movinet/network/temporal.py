"""Depthwise convolutions that look along time, causal ones with a stream buffer.

Causal, kernel 3: the buffer brings the last two frames of the past, and keeps the last two.

    buffer   a   b   .                  b   c   .
    frame            c      and then            d
              \\  |  /                    \\  |  /
    out          C                          D

With zeros in the buffer this is causal zero padding. So a clip at once, frame by frame, and any cut
into pieces give the same.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor, nn

from movinet.network.config import Activation
from movinet.network.layers import Convolution, as_clips, as_frames, padded


def _with_past(x: Tensor, buffer: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """`x` `[B, T, H, W, C]` behind the frames of `buffer`, and the buffer after it."""
    if buffer is None:
        return x, None
    # A state lasts in its own precision, whatever autocast does to the frames.
    full = torch.cat([buffer.to(x.dtype), x], dim=1)
    return full, full[:, full.shape[1] - buffer.shape[1] :].to(buffer.dtype)


class TemporalConv(Convolution):
    """The second half of a (2+1)-D convolution: along the frames, at each pixel by itself.

    Past frames come from the buffer `[B, kernel - 1, H, W, C]` where there is one; otherwise zeros
    are put on both sides of a clip (base form).
    """

    def __init__(
        self, channels: int, frames: int, *, activation: Activation, fused: bool = False
    ) -> None:
        conv = nn.Conv2d(channels, channels, (frames, 1), groups=channels, bias=fused)
        super().__init__(conv, activation=activation, fused=fused)
        self.frames = frames

    def forward(self, x: Tensor, batch: int, buffer: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Frames `[B * T, C, H, W]`; gives as many, and the buffer after them."""
        height, width = x.shape[-2:]
        clips, after = _with_past(as_clips(x, batch), buffer)
        # One tall picture a clip, with a row a frame and a column a pixel: a convolution along
        # rows. Forward and backward of a Conv3d take five times as long (on two CPU cores).
        tall = clips.flatten(2, 3).permute(0, 3, 1, 2)
        past = 0 if buffer is not None else self.frames // 2
        kernel, bias = self.kernel_and_bias()
        tall = F.conv2d(tall, kernel, bias, padding=(past, 0), groups=self.conv.groups)
        pixels = self.finish(tall).permute(0, 2, 3, 1)
        return as_frames(pixels.reshape(batch, -1, height, width, pixels.shape[-1])), after


class VolumeConv(Convolution):
    """A convolution over frames, rows and columns at once.

    The buffer, where there is one, has the frames before the convolution: `[B, kernel - 1, H, W,
    C]` at the resolution of the input.
    """

    def __init__(
        self,
        channels: int,
        kernel: tuple[int, int, int],
        *,
        stride: int,
        activation: Activation,
        fused: bool = False,
    ) -> None:
        conv = nn.Conv3d(channels, channels, kernel, groups=channels, bias=fused)
        super().__init__(conv, activation=activation, fused=fused)
        self.kernel = kernel
        self.stride = stride

    def forward(self, x: Tensor, batch: int, buffer: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Frames `[B * T, C, H, W]`; gives as many, and the buffer after them."""
        frames, rows, columns = self.kernel
        clips, after = _with_past(as_clips(x, batch), buffer)
        volume, padding = padded(clips.permute(0, 4, 1, 2, 3), (rows, columns), self.stride)
        past = 0 if buffer is not None else frames // 2
        kernel, bias = self.kernel_and_bias()
        volume = F.conv3d(
            volume,
            kernel,
            bias,
            (1, self.stride, self.stride),
            (past, *padding),
            groups=self.conv.groups,
        )
        return self.finish(as_frames(volume.permute(0, 2, 3, 4, 1))), after
