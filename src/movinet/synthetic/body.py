"""The proportions of one figure, in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Body:
    """Lengths of bones and radii of flesh, in metres."""

    height: float
    shin: float
    thigh: float
    foot: float
    ankle: float
    hips: float
    waist: float
    chest: float
    neck: float
    head: float
    shoulders: float
    upper_arm: float
    forearm: float
    hand: float
    girth: float  # of the limbs, 1 is usual
    belly: float  # of the trunk, 1 is usual

    @property
    def leg(self) -> float:
        """From hip to ankle."""
        return self.thigh + self.shin

    @property
    def arm(self) -> float:
        """From shoulder to wrist."""
        return self.upper_arm + self.forearm

    @property
    def trunk(self) -> float:
        """From pelvis to neck."""
        return self.waist + self.chest


def random_body(rng: np.random.Generator) -> Body:
    """A body as they come: tall or short, long-legged or not, thin or stout."""
    height = rng.uniform(1.3, 1.95)
    part = 0.06

    def length(share: float) -> float:
        return float(height * share * rng.uniform(1 - part, 1 + part))

    broad = rng.uniform(0.85, 1.15)
    girth = rng.uniform(0.8, 1.3)
    return Body(
        height=height,
        shin=length(0.235),
        thigh=length(0.24),
        foot=length(0.125),
        ankle=height * 0.042,
        hips=height * 0.055 * rng.uniform(0.9, 1.15),
        waist=length(0.12),
        chest=length(0.175),
        neck=length(0.055),
        head=height * rng.uniform(0.062, 0.075),
        shoulders=height * 0.11 * broad,
        upper_arm=length(0.175),
        forearm=length(0.15),
        hand=length(0.08),
        girth=girth * height / 1.75,
        belly=girth * rng.uniform(0.9, 1.25) * height / 1.75,
    )
