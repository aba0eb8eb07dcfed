"""One step of a causal network as operations, its states as inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise

import numpy as np

from movinet.export.graph import Depthwise
from movinet.export.networklowering import FRAME_COUNT, IMAGE, NetworkLowering, array_of
from movinet.network import MoViNet
from movinet.network.squeeze import SqueezeExciteLayer
from movinet.network.temporal import TemporalConv, VolumeConv


class StepLowering(NetworkLowering):
    """One step of a causal network."""

    def __init__(
        self, net: MoViNet, embedding: bool, windows: bool, plain: Collection[str]
    ) -> None:
        super().__init__(net, embedding, plain)
        self.windows = windows
        self.next: dict[str, str] = {}
        image = self.input(IMAGE, (1, *net.info.size, 3))
        self.count = self.input(FRAME_COUNT, (1, 1, 1, 1))
        one = self.constant("one", np.ones((1, 1, 1, 1)))
        self.age = self.next[FRAME_COUNT] = self.binary("age", "add", self.count, one)
        self.network(image)
        self.graph.outputs |= self.next

    all_axes = (1, 2)

    def state(self, name: str, like: str, shape: tuple[int, ...]) -> str:
        """A new state on the scale of the value that goes into it."""
        self.graph.factors[name] = self.factor(like)
        return self.input(name, shape)

    def so_far(self, means: str, place: str) -> str:
        """The mean over all frames so far, with a running sum."""
        name = f"state_{place}_pool_buffer"
        buffer = self.state(name, means, self.shape(means))
        total = self.next[name] = self.binary(f"{place}/sum", "add", buffer, means)
        return self.binary(f"{place}/so_far", "divide", total, self.age)

    def seen(self, layer: SqueezeExciteLayer, x: str, name: str) -> str:
        """What squeeze-excite looks at."""
        seen = means = self.mean(f"{name}/mean", x, (1, 2))
        if layer.kind != "2d":
            seen = self.so_far(means, name)
        if layer.kind == "2plus3d":
            seen = self.concatenate(f"{name}/seen", (seen, means), 3)
        if layer.position_scale is None:
            return seen
        scale = float(layer.position_scale.detach()) * self.factor(seen)
        amount = self.constant(f"{name}/position_scale", np.full((1, 1, 1, 1), scale))
        position = self.binary(
            f"{name}/position", "multiply", self.position(self.shape(seen)[-1]), amount
        )
        return self.binary(f"{name}/placed", "add", seen, position)

    def position(self, channels: int) -> str:
        """The encoding of the frame's number, shared by layers of one width."""
        name = f"position{channels}"
        if name not in self.graph.values:
            steps = np.arange(channels // 2) * (-2 * math.log(10000) / channels)
            rates = self.constant(f"{name}/rates", np.exp(steps)[None, None, None])
            angles = self.binary(f"{name}/angles", "multiply", self.count, rates)
            waves = (
                self.unary(f"{name}/sin", "sin", angles),
                self.unary(f"{name}/cos", "cos", angles),
            )
            self.concatenate(name, waves, 3)
        return name

    def past_frames(self, state: str, frames: int, newest: str) -> list[str]:
        """The past frames as states of their own; the newest takes in `newest`."""
        names = [f"{state}_{number}" for number in range(frames)]
        for name in names:
            self.state(name, newest, self.shape(newest))
        self.graph.moves |= dict(pairwise(names))
        self.next[names[-1]] = newest
        return names

    def window(self, state: str, frames: int, newest: str, name: str) -> str:
        """The past frames in one state, and `newest`: `[1, frames + 1, pixels, channels]`."""
        _, height, width, channels = self.shape(newest)
        pixels = height * width
        buffer = self.state(state, newest, (1, frames, pixels, channels))
        row = self.reshape(f"{name}/row", newest, (1, 1, pixels, channels))
        window = self.concatenate(f"{name}/window", (buffer, row), 1)
        self.next[state] = self.slice(f"{name}/kept", window, 1, 1, frames)
        return window

    def temporal(self, conv: TemporalConv, x: str, name: str) -> str:
        """A convolution along time, over the past frames and this one."""
        past, state = conv.frames - 1, f"state_{name}_stream_buffer"
        name = f"{name}/temporal"
        kernel = array_of(conv.conv.weight).transpose(1, 2, 3, 0)
        bias = array_of(conv.conv.bias)
        if self.windows:
            y = self.convolution(
                Depthwise(
                    f"{name}/seen",
                    self.window(state, past, x, name),
                    f"{name}/weight",
                    f"{name}/bias",
                    same=False,
                ),
                kernel,
                bias,
                conv.activation,
                plain=name.split("/")[0] in self.plain,
            )
            return self.reshape(name, y, self.shape(x))
        now = Depthwise(f"{name}/now", x, f"{name}/now_weight", f"{name}/bias")
        total = self.convolution(now, kernel[:, past:], bias, None)
        for number, frame in enumerate(self.past_frames(state, past, x)):
            weight = self.constant(
                f"{name}/weight{number}", kernel[:, number : number + 1] / self.factor(frame)
            )
            part = self.binary(f"{name}/part{number}", "multiply", frame, weight)
            self.graph.factors.pop(part, None)
            total = self.binary(f"{name}/sum{number}", "add", total, part)
        return self.activate(name, conv.activation, total) if conv.activation else total

    def frames_around(self, conv: VolumeConv, x: str, name: str) -> list[str]:
        """The past frames and this one."""
        past, state = conv.kernel[0] - 1, f"state_{name.split('/')[0]}_stream_buffer"
        if not self.windows:
            return [*self.past_frames(state, past, x), x]
        window = self.window(state, past, x, name)
        return [
            self.reshape(
                f"{name}/frame{number}",
                self.slice(f"{name}/row{number}", window, 1, number, 1),
                self.shape(x),
            )
            for number in range(past + 1)
        ]
