"""The tensors of the official MoViNets: their keys, names, shapes and order, to write as files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from movinet.network.variants import FAMILY

END = "/.ATTRIBUTES/VARIABLE_VALUE"


class Variable(NamedTuple):
    """One tensor: our name; checkpoint key (without prefix and end); name in the program."""

    ours: str
    key: str
    name: str
    shape: tuple[int, ...]
    trainable: bool

    def numbers(self) -> np.ndarray:
        """Numbers in TensorFlow's layout that no other tensor has."""
        random = np.random.default_rng(zlib.crc32(self.ours.encode()))
        return random.standard_normal(self.shape, np.float32)


class Official(NamedTuple):
    """How a network is built: `old` has the names and the order of 2021."""

    variant: str = "a0"
    conv_type: str = "2plus1d"
    squeeze: int = 2  # pooled vectors that go into the squeeze; 0: there is none
    position: bool = False
    classes: int = 7
    old: bool = False

    def layers(self) -> list[list[Variable]]:
        """The variables of each top-level layer, trainable ones first."""
        return [
            sorted(layer, key=lambda variable: not variable.trainable) for layer in self._layers()
        ]

    def _layers(self) -> Iterator[list[Variable]]:
        variant = FAMILY[self.variant]
        flat = self.conv_type == "2plus1d"
        one = [] if flat else [1]
        count = len(variant.layers)
        stem = [*one, 3, 3, 3, variant.stem]
        yield self._conv("stem", 0, "_stem", "stem/stem", stem)
        for number, layer in enumerate(variant.layers, 1):
            yield self._bottleneck(number, layer)
        last = variant.layers[-1].channels_out
        shape = [*one, 1, 1, last, variant.features]
        yield self._conv("head.project", count + 1, "_project", "head/project", shape)
        dense = [*one, 1, 1, variant.features, variant.dense]
        yield [
            *self._dense("head.dense", -1, "_head", "classifier_head/head", dense),
            *self._dense(
                "head.classifier",
                -1,
                "_classifier",
                "classifier_head/classifier",
                [*one, 1, 1, variant.dense, self.classes],
            ),
        ]

    def _bottleneck(self, number, layer) -> list[Variable]:
        one = [1, 1] if self.conv_type == "2plus1d" else [1, 1, 1]
        ours = f"blocks.{layer.block}.{layer.index}"
        name = (f"b{layer.block}/l{layer.index}" if self.old else layer.name) + "/bneck"
        width, out = layer.expanded, layer.channels_out
        wanted = width * self.squeeze / 4
        hidden = max(8, int(wanted + 4) // 8 * 8)
        hidden += 8 if hidden < 0.9 * wanted else 0
        reduce, expand = [*one, width * self.squeeze, hidden], [*one, hidden, width]
        found = self._conv(
            f"{ours}.expand",
            number,
            "_expansion",
            f"{name}/expansion",
            [*one, layer.channels_in, width],
        )
        found += self._feature(ours, number, name, layer)
        found += self._conv(
            f"{ours}.project", number, "_projection", f"{name}/projection", [*one, width, out]
        )
        if self.squeeze and self.position:
            key = _key(number, "_attention/_pos_encoding/_rezero/scale")
            found.append(Variable(f"{ours}.squeeze.position_scale", key, "scale", (), True))
        if self.squeeze:
            found += self._dense(
                f"{ours}.squeeze.reduce",
                number,
                "_attention/_se_reduce",
                f"{name}/se/se_reduce",
                reduce,
            )
            found += self._dense(
                f"{ours}.squeeze.expand",
                number,
                "_attention/_se_expand",
                f"{name}/se/se_expand",
                expand,
            )
        if layer.stride > 1 or layer.channels_in != out:
            found += self._conv(
                f"{ours}.skip",
                number,
                "_skip/_projection",
                f"{name}/skip/skip_project",
                [*one, layer.channels_in, out],
            )
        key = _key(number, "_mobile_bottleneck/_rezero/scale")
        found.append(
            Variable(f"{ours}.scale", key, f"{name.removesuffix('/bneck')}/scale", (), True)
        )
        return found

    def _feature(self, ours, number, name, layer) -> list[Variable]:
        (time, high, wide), width = layer.kernel, layer.expanded
        if self.conv_type == "3d":
            shapes = {"": [time, high, wide, 1, width]}
        elif self.conv_type == "2plus1d":
            shapes = {"": [high, wide, width, 1], "_temporal": [time, 1, width, 1]}
        else:
            shapes = {"": [1, high, wide, 1, width], "_temporal": [time, 1, 1, 1, width]}
        if time == 1:
            shapes = {"": shapes[""]}
        kernels, norms = [], []
        for end, shape in shapes.items():
            part = self._conv(
                f"{ours}.{'temporal' if end else 'depthwise'}",
                number,
                "_feature",
                f"{name}/feature",
                shape,
                end,
                depthwise=True,
            )
            kernels += [v for v in part if v.ours.endswith("conv.weight")]
            norms += [v for v in part if not v.ours.endswith("conv.weight")]
        if not self.old:
            return [*norms, *kernels]
        return [v for kernel in kernels for v in (kernel, *_of_part(kernel, norms))]

    def _conv(self, ours, number, key, name, shape, end="", depthwise=False) -> list[Variable]:
        flat = self.conv_type == "2plus1d"
        leaf = "depthwise_kernel" if flat and depthwise else "kernel"
        conv = f"conv2d{end}" if flat else f"conv3d{end}"
        inner = "/depthwise_conv2d" if depthwise else "/conv2d"
        kernel = Variable(
            f"{ours}.conv.weight",
            _key(number, f"{key}/_conv{end}{'/_conv' if flat else ''}/{leaf}"),
            f"{name}/{conv}{inner if flat else ''}/{leaf}",
            tuple(shape),
            True,
        )
        width = shape[-2] if flat and depthwise else shape[-1]
        # Newer code has the norm's name within the convolution's, where that is an object of two.
        within = f"{name}/{conv}" if flat and not self.old else name
        norms = [
            Variable(
                f"{ours}.norm.{ours_leaf}",
                _key(number, f"{key}/_batch_norm{end}/{leaf}"),
                f"{within}/bn{end}/{leaf}",
                (width,),
                not leaf.startswith("moving"),
            )
            for leaf, ours_leaf in (
                ("gamma", "weight"),
                ("beta", "bias"),
                ("moving_mean", "running_mean"),
                ("moving_variance", "running_var"),
            )
        ]
        return [kernel, *norms] if self.old else [*norms, kernel]

    def _dense(self, ours, number, key, name, shape) -> list[Variable]:
        flat = self.conv_type == "2plus1d"
        key = f"{key}/_conv{'/_conv' if flat else ''}"
        name = f"{name}/{'conv2d/conv2d_1' if flat else 'conv3d'}"
        return [
            Variable(
                f"{ours}.weight", _key(number, f"{key}/kernel"), f"{name}/kernel", (*shape,), True
            ),
            Variable(
                f"{ours}.bias", _key(number, f"{key}/bias"), f"{name}/bias", (shape[-1],), True
            ),
        ]

    def variables(self) -> list[Variable]:
        """All, as a checkpoint of `model` alone has them; `key` is whole."""
        return [
            v._replace(key=f"model/layer_with_weights-{v.key}{END}")
            for layer in self.layers()
            for v in layer
        ]


def _of_part(kernel: Variable, norms: list[Variable]) -> list[Variable]:
    part = kernel.ours.removesuffix("conv.weight")
    return [norm for norm in norms if norm.ours.startswith(part)]


def _key(number: int, rest: str) -> str:
    """After `layer_with_weights-`: the backbone is the model's first layer, the head its second."""
    return f"1/{rest}" if number < 0 else f"0/layer_with_weights-{number}/{rest}"


def expected(variable: Variable, numbers: np.ndarray | None = None) -> np.ndarray:
    """A variable in our layout, its own numbers or these, written out for each shape."""
    numbers = variable.numbers() if numbers is None else numbers
    shape = variable.shape
    if len(shape) < 2:
        return numbers
    if not variable.ours.endswith("conv.weight"):
        return numbers.reshape(shape[-2:]).T
    if "depthwise" not in variable.ours and "temporal" not in variable.ours:
        return np.einsum("hwio->oihw", numbers.reshape(shape[-4:]))
    if len(shape) == 4:
        return np.einsum("hwco->cohw", numbers)
    full = np.einsum("thwoc->cothw", numbers)
    if "temporal" in variable.ours:
        return full[:, :, :, :, 0]
    return full[:, :, 0] if shape[0] == 1 else full
