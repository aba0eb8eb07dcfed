"""What the official code's tensors of each MoViNet look like: names, shapes and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from movinet.network.variants import FAMILY, Layer, Variant

CONV_TYPES = ("3d", "2plus1d", "3d_2plus1d")

# Lengths along the axes; None where a MoViNet may have any.
Shape = tuple[int | None, ...]


class Group(NamedTuple):
    """The tensors of one convolution block: our names, and TensorFlow's shapes.

    Where tensors have no names, the order of groups is sure, and so is that of the vectors in a
    group. Whether kernels come before vectors has changed over the years.
    """

    trainable: Mapping[str, Shape]
    statistics: Mapping[str, Shape]


# The groups of each top-level layer, in the official order.
Plan = tuple[tuple[Group, ...], ...]


def plan(variant: Variant, conv_type: str, squeeze: bool = True, position: bool = True) -> Plan:
    """Every tensor of a `variant`.

    `squeeze` and `position` say whether there is squeeze-excite, and positional encoding in it.
    """
    one = () if conv_type == "2plus1d" else (1,)
    stem, last, pooled = variant.stem, variant.layers[-1].channels_out, variant.features
    return (
        (_normed({"stem": (*one, 3, 3, 3, stem)}, stem),),
        *(tuple(_layer(layer, conv_type, squeeze, position)) for layer in variant.layers),
        (_normed({"head.project": (*one, 1, 1, last, pooled)}, pooled),),
        (
            _biased("head.dense", (*one, 1, 1, pooled, None)),
            _biased("head.classifier", (*one, 1, 1, None, None)),
        ),
    )


def _layer(layer: Layer, conv_type: str, squeeze: bool, position: bool) -> Iterator[Group]:
    prefix = f"blocks.{layer.block}.{layer.index}"
    one = (1, 1) if conv_type == "2plus1d" else (1, 1, 1)
    width, out = layer.expanded, layer.channels_out
    yield _normed({f"{prefix}.expand": (*one, layer.channels_in, width)}, width)
    yield _normed(
        {f"{prefix}.{part}": shape for part, shape in _feature(layer, conv_type).items()}, width
    )
    yield _normed({f"{prefix}.project": (*one, width, out)}, out)
    if squeeze:
        if position:
            yield Group({f"{prefix}.squeeze.position_scale": ()}, {})
        yield _biased(f"{prefix}.squeeze.reduce", (*one, None, None))
        yield _biased(f"{prefix}.squeeze.expand", (*one, None, width))
    if layer.stride != 1 or layer.channels_in != out:
        yield _normed({f"{prefix}.skip": (*one, layer.channels_in, out)}, out)
    yield Group({f"{prefix}.scale": ()}, {})


def _feature(layer: Layer, conv_type: str) -> dict[str, Shape]:
    """The depthwise kernel, or both of them where it is factorised."""
    time, height, width = layer.kernel
    channels = layer.expanded
    if conv_type == "2plus1d":
        spatial: Shape = (height, width, channels, 1)
        temporal: Shape = (time, 1, channels, 1)
    elif conv_type == "3d_2plus1d":
        spatial, temporal = (1, height, width, 1, channels), (time, 1, 1, 1, channels)
    else:
        return {"depthwise": (time, height, width, 1, channels)}
    return {"depthwise": spatial} | ({"temporal": temporal} if time > 1 else {})


def _normed(kernels: Mapping[str, Shape], width: int) -> Group:
    """Convolutions, each with batch norm."""
    trainable: dict[str, Shape] = {f"{part}.conv.weight": s for part, s in kernels.items()}
    statistics: dict[str, Shape] = {}
    for part in kernels:
        for leaf in ("weight", "bias"):
            trainable[f"{part}.norm.{leaf}"] = (width,)
        for leaf in ("running_mean", "running_var"):
            statistics[f"{part}.norm.{leaf}"] = (width,)
    return Group(trainable, statistics)


def _biased(part: str, kernel: Shape) -> Group:
    """A convolution with a bias, which is a dense layer."""
    return Group({f"{part}.weight": kernel, f"{part}.bias": kernel[-1:]}, {})


def shapes_of(layers: Plan) -> dict[str, Shape]:
    """Every name of a plan, with TensorFlow's shape."""
    return {
        name: shape
        for groups in layers
        for group in groups
        for part in group
        for name, shape in part.items()
    }


def fits(shape: Sequence[int], expected: Shape) -> bool:
    """Whether a tensor may have this shape."""
    return len(shape) == len(expected) and all(
        b is None or a == b for a, b in zip(shape, expected, strict=True)
    )


def in_order(
    trainable: Sequence[tuple[int, ...]], statistics: Sequence[tuple[int, ...]]
) -> list[str] | None:
    """The names of both, of which only order and shapes are known; None where they are no MoViNet.

    Where `statistics` is empty, `trainable` may be the list of all, layer by layer. The classifier
    may be missing.
    """
    for squeeze, position in ((True, False), (True, True), (False, False)):
        for variant in FAMILY.values():
            for conv_type in CONV_TYPES:
                layers = plan(variant, conv_type, squeeze, position)
                for candidate in (layers, layers[:-1]):
                    names = _match(candidate, trainable, statistics)
                    if names is not None:
                        return names
    return None


def _match(
    layers: Plan, trainable: Sequence[tuple[int, ...]], statistics: Sequence[tuple[int, ...]]
) -> list[str] | None:
    first = [group.trainable for groups in layers for group in groups]
    second = [group.statistics for groups in layers for group in groups]
    if not statistics:
        first = [part for groups in layers for part in _trainable_first(groups)]
        second = []
    if (sum(map(len, first)), sum(map(len, second))) != (len(trainable), len(statistics)):
        return None
    found = _assign(first, trainable), _assign(second, statistics)
    return None if found[0] is None or found[1] is None else found[0] + found[1]


def _trainable_first(groups: Sequence[Group]) -> list[Mapping[str, Shape]]:
    return [group.trainable for group in groups] + [group.statistics for group in groups]


def _assign(
    groups: Sequence[Mapping[str, Shape]], shapes: Sequence[tuple[int, ...]]
) -> list[str] | None:
    """The name of each tensor: within a group, the first one left that it fits."""
    names: list[str] = []
    for group in groups:
        left = dict(group)
        for shape in shapes[len(names) : len(names) + len(group)]:
            name = next((n for n, expected in left.items() if fits(shape, expected)), None)
            if name is None:
                return None
            del left[name]
            names.append(name)
    return names
