"""What a step and a clip have in common on the way from a network to operations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection

import numpy as np
from torch import Tensor

from movinet.export.graph import Array, AveragePool, Convolution, Depthwise
from movinet.export.graphbuilder import GraphBuilder
from movinet.network import MoViNet
from movinet.network.bottleneck import Bottleneck
from movinet.network.config import Activation
from movinet.network.layers import FrameConv
from movinet.network.squeeze import SqueezeExciteLayer
from movinet.network.temporal import TemporalConv, VolumeConv

IMAGE, LOGITS, EMBEDDING = "image", "logits", "embedding"
FRAME_COUNT = "state_frame_count"


class NetworkLowering(GraphBuilder):
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
            array_of(conv.conv.weight).transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1)),
            array_of(conv.conv.bias),
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
            slope * array_of(weight)[:, None, None, :],
            slope * array_of(bias) + shift,
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
        kernel = array_of(conv.conv.weight)  # [channels, 1, time, rows, columns]
        bias = array_of(conv.conv.bias)
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


def array_of(tensor: Tensor | None) -> Array:
    """The numbers of a parameter, in float64 so that they are rounded once."""
    assert tensor is not None
    return np.asarray(tensor.detach().cpu().double().numpy())
