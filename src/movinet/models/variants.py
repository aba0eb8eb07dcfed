"""What is known of a network from its name alone: frame rate and length of its training clips."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class VariantFacts(NamedTuple):
    """One variant as it was published.

    `head_channels` is the width of the pooled feature, which tells the variants apart.
    Source: Model Garden configurations; Kondratyuk et al. 2021, arXiv 2103.11511.
    """

    name: str
    head_channels: int
    fps: Fraction
    clip_frames: int


# The source videos have 25 frames a second; the official strides are 5, 2, 3 and 10.
VARIANTS = (
    VariantFacts("a0", 480, Fraction(5), 50),
    VariantFacts("a1", 600, Fraction(5), 50),
    VariantFacts("a2", 640, Fraction(5), 50),
    VariantFacts("a3", 744, Fraction(25, 2), 64),
    VariantFacts("a4", 856, Fraction(25, 3), 32),
    VariantFacts("a5", 992, Fraction(25, 2), 32),
    VariantFacts("t0", 240, Fraction(5, 2), 25),
)


def variant_of_head(channels: int) -> VariantFacts | None:
    """The variant whose pooled feature has this many channels, if there is one."""
    return next((facts for facts in VARIANTS if facts.head_channels == channels), None)
