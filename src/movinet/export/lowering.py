"""From a network to a list of operations: one step of a causal one, a whole clip of a base one.

Batch norm and layer scales are folded in. No value has more than four axes. What is not plain:

- a temporal convolution works on `[1, frames, pixels, channels]`, or as a sum of weighted frames;
- squeeze-excite's hard sigmoid is a convolution with ReLU6, six times as large as it should be;
  the sixth goes into the weights of the projection behind it;
- all pools share one frame count.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection
from itertools import pairwise

import numpy as np
from torch import Tensor

from movinet.errors import ModelError, UsageError
from movinet.export.graph import Array, AveragePool, Convolution, Depthwise, Graph
from movinet.export.graphbuilder import GraphBuilder
from movinet.models.contract import CLIP
from movinet.network import MoViNet
from movinet.network.bottleneck import Bottleneck
from movinet.network.config import Activation
from movinet.network.layers import FrameConv
from movinet.network.squeeze import SqueezeExciteLayer
from movinet.network.temporal import TemporalConv, VolumeConv

IMAGE, LOGITS, EMBEDDING = "image", "logits", "embedding"
FRAME_COUNT = "state_frame_count"


def lower_step(
    net: MoViNet,
    *,
    embedding: bool = False,
    windows: bool = False,
    plain: Collection[str] = (),
) -> Graph:
    """One step of one stream of a causal network, at the picture size of its `info`.

    Args:
        net: the network.
        embedding: give the pooled feature too.
        windows: keep the past of a temporal convolution as one state `state_X_stream_buffer`,
            `[1, frames, pixels, channels]`, that comes out as it goes in. Otherwise each past frame
            is a state of its own, `state_X_stream_buffer_0` (the oldest) and so on, of which only
            the newest comes out; the others move up. That saves copies.
        plain: names of the layers in which hard-swish is written in operations that exist for
            8-bit integers.

    Raises:
        UsageError: for a network of the base form.
        ModelError: when a weight is not finite.
    """
    if not net.config.causal:
        raise UsageError("the base form has no step; it is exported as a clip model")
    return _Step(_checked(net), embedding, windows, frozenset(plain)).graph


def lower_clip(net: MoViNet, frames: int, *, embedding: bool = False) -> Graph:
    """A network of the base form on a whole clip of so many frames.

    The input is `clip`, `[frames, height, width, 3]`.

    Raises:
        UsageError: for a causal network.
        ModelError: when a weight is not finite.
    """
    if net.config.causal:
        raise UsageError("a causal network is exported as a step, not as a clip model")
    return _Clip(_checked(net), embedding, frames).graph


def _checked(net: MoViNet) -> MoViNet:
    """The fused network.

    Raises:
        ModelError: when a weight is not finite.
    """
    fused = net.fuse()
    for name, tensor in fused.state_dict().items():
        if not tensor.isfinite().all():
            raise ModelError(
                f"cannot export the network: {name} has values that are not finite; its training "
                "went wrong, or its file is damaged"
            )
    return fused


class _Lowering(GraphBuilder):
    """What a step and a clip have in common."""

    def __init__(self, net: MoViNet, embedding: bool, plain: Collection[str] = ()) -> None:
        super().__init__()
        self.net = net
        self.embedding = embedding
        self.plain = plain

    def network(self, frames: str) -> None:
        """All of it, from the picture or pictures to the outputs."""
        x = self.frame_conv(self.net.stem, frames, "stem", "stem")
        for block in self.net.blocks:
            for layer in block:  # type: ignore[attr-defined]
                x = self.bottleneck(layer, x)
        head = self.net.head
        x = self.frame_conv(head.project, x, "head/project", "head")
        features = self.so_far(self.mean("head/mean", x, self.all_axes), "head")
        hidden = self.dense(head.dense.weight, head.dense.bias, features, "dense", head.activation)
        classifier = head.classifier
        scores = self.dense(classifier.weight, classifier.bias, hidden, "classifier", None)
        self.graph.outputs[LOGITS] = self.reshape(LOGITS, scores, (1, self.shape(scores)[-1]))
        if self.embedding:
            # A factor would be visible here: taken out by hand.
            whole = self.constant("whole", np.full((1, 1, 1, 1), 1 / self.factor(features)))
            own = self.binary("features", "multiply", features, whole)
            self.graph.factors.pop(own, None)
            shape = (1, self.shape(own)[-1])
            self.graph.outputs[EMBEDDING] = self.reshape(EMBEDDING, own, shape)

    @property
    @abstractmethod
    def all_axes(self) -> tuple[int, ...]:
        """The axes that the head's mean goes over."""

    @abstractmethod
    def so_far(self, means: str, place: str) -> str:
        """The mean over all frames, from those of each frame."""

    @abstractmethod
    def seen(self, layer: SqueezeExciteLayer, x: str, name: str) -> str:
        """What squeeze-excite looks at."""

    @abstractmethod
    def temporal(self, conv: TemporalConv, x: str, name: str) -> str:
        """A convolution along time."""

    @abstractmethod
    def frames_around(self, conv: VolumeConv, x: str, name: str) -> list[str]:
        """For each place in time of a 3-D kernel, the frames that lie there."""

    def frame_conv(self, conv: FrameConv, x: str, name: str, layer: str) -> str:
        """A convolution on each frame by itself."""
        names = (name, x, f"{name}/weight", f"{name}/bias")
        depthwise = conv.conv.groups > 1
        kind = Depthwise if depthwise else Convolution
        return self.convolution(
            kind(*names, stride=conv.stride),
            # PyTorch has [out, in, rows, columns]; of a depthwise one, `in` is 1.
            _array(conv.conv.weight).transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1)),
            _array(conv.conv.bias),
            conv.activation,
            plain=layer in self.plain,
        )

    def dense(
        self,
        weight: Tensor,
        bias: Tensor,
        x: str,
        name: str,
        activation: Activation | None,
        slope: float = 1,
        shift: float = 0,
    ) -> str:
        """A matrix on vectors, as a convolution; `slope * (W x + b) + shift`."""
        return self.convolution(
            Convolution(name, x, f"{name}/weight", f"{name}/bias"),
            slope * _array(weight)[:, None, None, :],
            slope * _array(bias) + shift,
            activation,
        )

    def bottleneck(self, layer: Bottleneck, x: str) -> str:
        """One layer; the picture of it is in `network/bottleneck.py`."""
        name = layer.place.name
        y = self.frame_conv(layer.expand, x, f"{name}/expand", name)
        if isinstance(layer.depthwise, VolumeConv):
            y = self.volume(layer.depthwise, y, f"{name}/depthwise")
        else:
            y = self.frame_conv(layer.depthwise, y, f"{name}/depthwise", name)
        if layer.temporal is not None:
            y = self.temporal(layer.temporal, y, name)
        if layer.squeeze is not None:
            y = self.squeeze(layer.squeeze, y, name)
        y = self.frame_conv(layer.project, y, f"{name}/project", name)
        if layer.skip is not None:
            if layer.skip.halves:
                n, height, width, channels = self.shape(x)
                x = self.add(
                    AveragePool(f"{name}/pool", x),
                    (n, -(-height // 2), -(-width // 2), channels),
                    self.factor(x),
                )
            x = self.frame_conv(layer.skip, x, f"{name}/skip", name)
        return self.binary(name, "add", y, x)

    def squeeze(self, layer: SqueezeExciteLayer, x: str, name: str) -> str:
        """Squeeze-excite: the channels of `x`, weighed."""
        place = f"{name}/squeeze"
        hidden = self.dense(
            layer.reduce.weight,
            layer.reduce.bias,
            self.seen(layer, x, name),
            f"{place}/reduce",
            layer.activation,
        )
        expand, gate = (layer.expand.weight, layer.expand.bias, hidden), f"{place}/gate"
        if layer.gate == "sigmoid":
            y = self.unary(gate, "sigmoid", self.dense(*expand, f"{place}/expand", None))
        elif layer.gate == "keras":
            # clip(0.2 x + 0.5, 0, 1) is relu6(1.2 x + 3) / 6.
            y = self.dense(*expand, gate, "relu6", 1.2, 3)
            self.graph.factors[y] = 6.0
        else:
            y = self.dense(*expand, gate, "relu6", 1, 3)
            self.graph.factors[y] = 1 / 0.16667
        return self.binary(place, "multiply", x, y)

    def volume(self, conv: VolumeConv, x: str, name: str) -> str:
        """A 3-D convolution: each of its slices on the frames it lies on, summed."""
        kernel = _array(conv.conv.weight)  # [channels, 1, time, rows, columns]
        bias = _array(conv.conv.bias)
        total = ""
        for place, frames in enumerate(self.frames_around(conv, x, name)):
            part = self.convolution(
                Depthwise(
                    f"{name}/part{place}",
                    frames,
                    f"{name}/weight{place}",
                    f"{name}/bias{place}",
                    stride=conv.stride,
                ),
                kernel[:, :, place].transpose(1, 2, 3, 0),
                bias if place == 0 else np.zeros_like(bias),
                None,
            )
            total = self.binary(f"{name}/sum{place}", "add", total, part) if total else part
        plain = name.split("/")[0] in self.plain
        return self.activate(name, conv.activation, total, plain) if conv.activation else total


class _Step(_Lowering):
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
        kernel = _array(conv.conv.weight).transpose(1, 2, 3, 0)
        bias = _array(conv.conv.bias)
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


class _Clip(_Lowering):
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
            _array(conv.conv.weight).transpose(1, 2, 3, 0),
            _array(conv.conv.bias),
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


def _array(tensor: Tensor | None) -> Array:
    """The numbers of a parameter, in float64 so that they are rounded once."""
    assert tensor is not None
    return np.asarray(tensor.detach().cpu().double().numpy())
