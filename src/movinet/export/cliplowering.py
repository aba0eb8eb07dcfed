"""A whole clip through a network of the base form, as operations."""

from __future__ import annotations

import numpy as np

from movinet.export.graph import Depthwise
from movinet.export.networklowering import NetworkLowering, array_of
from movinet.models.contract import CLIP
from movinet.network import MoViNet
from movinet.network.squeeze import SqueezeExciteLayer
from movinet.network.temporal import TemporalConv, VolumeConv


class ClipLowering(NetworkLowering):
    """A whole clip; its frames lie along the first axis."""

    def __init__(self, net: MoViNet, embedding: bool, frames: int) -> None:
        super().__init__(net, embedding)
        self.network(self.input(CLIP, (frames, *net.info.size, 3)))

    all_axes = (0, 1, 2)

    def so_far(self, means: str, place: str) -> str:
        """They are over the whole clip already."""
        return means

    def seen(self, layer: SqueezeExciteLayer, x: str, name: str) -> str:
        """What squeeze-excite looks at: one vector, or one a frame."""
        of_frames = f"{name}/mean_of_frames"
        if layer.kind == "2d":
            return self.mean(of_frames, x, (1, 2))
        of_clip = self.mean(f"{name}/mean", x, (0, 1, 2))
        if layer.kind == "3d":
            return of_clip
        means = self.mean(of_frames, x, (1, 2))
        none = self.constant(f"{name}/none", np.zeros(self.shape(means)))
        repeated = self.binary(f"{name}/repeated", "add", of_clip, none)
        return self.concatenate(f"{name}/seen", (repeated, means), 3)

    def temporal(self, conv: TemporalConv, x: str, name: str) -> str:
        """A convolution along time, zeros on both sides."""
        frames, height, width, channels = self.shape(x)
        name = f"{name}/temporal"
        rows = self.reshape(f"{name}/rows", x, (1, frames, height * width, channels))
        y = self.convolution(
            Depthwise(f"{name}/seen", rows, f"{name}/weight", f"{name}/bias"),
            array_of(conv.conv.weight).transpose(1, 2, 3, 0),
            array_of(conv.conv.bias),
            conv.activation,
        )
        return self.reshape(name, y, self.shape(x))

    def frames_around(self, conv: VolumeConv, x: str, name: str) -> list[str]:
        """The clip moved by as many frames, zeros where there are none."""
        frames = self.shape(x)[0]
        around = conv.kernel[0] // 2
        zeros = self.constant(f"{name}/zeros", np.zeros((around, *self.shape(x)[1:])))
        padded = self.concatenate(f"{name}/padded", (zeros, x, zeros), 0)
        return [
            self.slice(f"{name}/moved{start}", padded, 0, start, frames)
            for start in range(conv.kernel[0])
        ]
