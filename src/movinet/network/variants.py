"""The MoViNet family as data: every variant's layers, in one table to hold beside the paper.

Source: Model Garden, `official/projects/movinet`, which the released weights fit. The tables of the
paper (Kondratyuk et al. 2021, arXiv 2103.11511, appendix) differ from it in a few widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from movinet.errors import UsageError
from movinet.models.variants import VARIANTS, VariantFacts

# Kernel sizes, [time, height, width] as digits.
_KERNELS = {"133": (1, 3, 3), "155": (1, 5, 5), "333": (3, 3, 3), "533": (5, 3, 3)}
# The first layer of a block halves height and width, but in block 3. No layer has a time stride.
_BLOCK_STRIDES = (2, 2, 2, 1, 2)

# Of each variant: the stem's width, the dense layer's, the side of its square input in pixels; then
# a row a block: its width, and its layers as EXPANDED:KERNEL.
_TABLE: dict[str, tuple[tuple[int, int, int], tuple[tuple[int, str], ...]]] = {
    "a0": (
        (8, 2048, 172),
        (
            (8, "24:155"),
            (32, "80:333 80:333 80:333"),
            (56, "184:533 112:333 184:333"),
            (56, "184:533 184:333 184:333 184:333"),
            (104, "384:533 280:155 280:155 344:155"),
        ),
    ),
    "a1": (
        (16, 2048, 172),
        (
            (16, "40:155 40:333"),
            (40, "96:333 120:333 96:333 96:333"),
            (64, "216:533 128:333 216:333 168:333 216:333"),
            (64, "216:533 216:333 216:333 128:333 128:155 216:333"),
            (136, "456:533 360:155 360:155 360:155 456:155 456:333 544:133"),
        ),
    ),
    "a2": (
        (16, 2048, 224),
        (
            (16, "40:155 40:333 64:333"),
            (40, "96:333 120:333 96:333 96:333 120:333"),
            (72, "240:533 160:333 240:333 192:333 240:333"),
            (72, "240:533 240:333 240:333 240:333 144:155 240:333"),
            (144, "480:533 384:155 384:155 480:155 480:155 480:333 576:133"),
        ),
    ),
    "a3": (
        (16, 2048, 256),
        (
            (16, "40:155 40:333 64:333 40:333"),
            (48, "112:333 144:333 112:333 112:155 144:333 144:333"),
            (80, "240:533 152:333 240:333 192:333 240:333"),
            (88, "264:533 264:333 264:333 264:333 160:155 264:333 264:333 264:333"),
            (
                168,
                "560:533 448:155 448:155 560:155 560:155 560:333 448:155 448:155 560:333 672:133",
            ),
        ),
    ),
    "a4": (
        (24, 2048, 290),
        (
            (24, "64:155 64:333 96:333 64:333 96:333 64:333"),
            (56, "168:333 168:333 136:333 136:333 168:333 168:333 168:333 136:155 136:333"),
            (96, "320:533 160:333 320:333 192:333 320:333 160:333 320:333 256:333 320:333"),
            (
                96,
                "320:533 320:333 320:333 320:333 192:155 320:333 320:333 192:333 320:333 320:333",
            ),
            (
                192,
                "640:533 512:155 512:155 640:155 640:155 640:333 512:155 512:155 640:155 768:155 "
                "640:155 640:333 768:333",
            ),
        ),
    ),
    "a5": (
        (24, 2048, 320),
        (
            (24, "64:155 64:155 96:333 64:333 96:333 64:333"),
            (
                64,
                "192:533 152:333 152:333 152:333 192:333 192:333 192:333 152:333 152:333 192:333 "
                "192:333",
            ),
            (
                112,
                "376:533 224:333 376:333 376:333 296:333 376:333 224:333 376:333 376:333 296:333 "
                "376:333 376:333 376:333",
            ),
            (
                120,
                "376:533 376:333 376:333 376:333 224:155 376:333 376:333 224:333 376:333 376:333 "
                "376:333",
            ),
            (
                224,
                "744:533 744:333 600:155 600:155 744:155 744:155 744:333 896:155 600:155 600:155 "
                "896:155 744:155 744:333 896:155 600:155 600:155 744:155 744:333",
            ),
        ),
    ),
    "t0": (
        (8, 1024, 160),
        (
            (8, "16:155"),
            (32, "72:333 72:155"),
            (56, "112:533 112:155 112:333"),
            (56, "184:533 184:155 184:333 184:333"),
            (104, "344:533 344:155 344:155 344:333"),
        ),
    ),
}


@dataclass(frozen=True)
class Layer:
    """One inverted-bottleneck layer: its place, widths in channels, kernel and stride.

    `kernel` is (time, height, width); `stride` is that of height and width.
    """

    block: int
    index: int
    channels_in: int
    expanded: int
    channels_out: int
    kernel: tuple[int, int, int]
    stride: int

    @property
    def name(self) -> str:
        """The name of the official code, for example "block1_layer0"."""
        return f"block{self.block}_layer{self.index}"


@dataclass(frozen=True)
class Variant:
    """One member of the family.

    Attributes:
        name: "a0" .. "a5" or "t0".
        stem: channels after the first convolution.
        layers: every layer, in order.
        dense: width of the layer before the classifier.
        resolution: the side of the square input it was made for, in pixels.
        facts: width of the pooled feature, and frame rate and length of the training clips.
    """

    name: str
    stem: int
    layers: tuple[Layer, ...]
    dense: int
    resolution: int
    facts: VariantFacts

    @property
    def features(self) -> int:
        """Width of the pooled feature (the embedding), in channels."""
        return self.facts.head_channels

    @property
    def blocks(self) -> tuple[tuple[Layer, ...], ...]:
        """The layers, block by block."""
        starts = [i for i, layer in enumerate(self.layers) if layer.index == 0]
        return tuple(self.layers[a:b] for a, b in pairwise([*starts, len(self.layers)]))


def _variant(facts: VariantFacts) -> Variant:
    (stem, dense, resolution), rows = _TABLE[facts.name]
    layers: list[Layer] = []
    channels = stem
    for block, ((width, text), stride) in enumerate(zip(rows, _BLOCK_STRIDES, strict=True)):
        for index, entry in enumerate(text.split()):
            expanded, kernel = entry.split(":")
            layers.append(
                Layer(
                    block,
                    index,
                    channels,
                    int(expanded),
                    width,
                    _KERNELS[kernel],
                    stride if index == 0 else 1,
                )
            )
            channels = width
    return Variant(facts.name, stem, tuple(layers), dense, resolution, facts)


FAMILY = {facts.name: _variant(facts) for facts in VARIANTS}


def variant_named(name: str) -> Variant:
    """The variant called `name`.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in FAMILY:
        raise UsageError(f"unknown variant {name!r}: use one of {', '.join(FAMILY)}")
    return FAMILY[name]
