"""Skin, hair and clothes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movinet.synthetic.drawing import Paint
from movinet.synthetic.vectors import Array

_SKINS = np.array(
    (
        (0.96, 0.80, 0.69),
        (0.87, 0.67, 0.53),
        (0.72, 0.51, 0.37),
        (0.52, 0.34, 0.23),
        (0.30, 0.19, 0.13),
    )
)
_HAIRS = np.array(
    (
        (0.06, 0.05, 0.05),
        (0.22, 0.13, 0.08),
        (0.42, 0.27, 0.14),
        (0.80, 0.64, 0.36),
        (0.6, 0.6, 0.6),
    )
)


def colour(rng: np.random.Generator) -> Array:
    """Any colour, dull ones more often than bright ones."""
    grey = rng.uniform(0.05, 0.95)
    return np.asarray(np.clip(grey + rng.normal(0, 1, 3) * rng.uniform(0.01, 0.22), 0.03, 0.97))


def _between(rng: np.random.Generator, shades: Array) -> Array:
    at = rng.uniform(0, len(shades) - 1)
    k = min(int(at), len(shades) - 2)
    return np.asarray(shades[k] + (shades[k + 1] - shades[k]) * (at - k))


def _cloth(rng: np.random.Generator) -> Paint:
    kind = str(rng.choice(("plain", "plain", "plain", "rings", "stripes", "checks")))
    return Paint(colour(rng), colour(rng), kind, rng.uniform(1.5, 5.0))


@dataclass(frozen=True)
class Look:
    """The paints of a figure's parts, and how loose its clothes are (1: tight)."""

    skin: Paint
    hair: Paint
    hairstyle: str
    shirt: Paint
    upper_arm: Paint
    forearm: Paint
    hips: Paint
    cloth: Paint  # that the legs are covered with
    thigh: Paint
    shin: Paint
    shoe: Paint
    loose: float
    skirt: bool


def random_look(rng: np.random.Generator) -> Look:
    """Somebody's looks."""
    skin = _between(rng, _SKINS)
    shirt, trousers = _cloth(rng), _cloth(rng)
    if rng.random() < 0.12:
        trousers = shirt
    cloth, cloth_below = shirt.colour[:, 0, 0], trousers.colour[:, 0, 0]
    bare, covered = Paint(skin), Paint(cloth)
    sleeve, leg = rng.random(), rng.random()
    return Look(
        skin=bare,
        hair=Paint(_between(rng, _HAIRS) if rng.random() < 0.85 else colour(rng)),
        hairstyle=str(rng.choice(("short", "short", "long", "tail", "bald", "cap"))),
        shirt=shirt,
        upper_arm=(
            bare if sleeve < 0.15 else Paint(cloth, skin, "cut", 0.6) if sleeve < 0.6 else covered
        ),
        forearm=bare if sleeve < 0.6 else Paint(cloth, skin, "cut", rng.uniform(0.4, 1.2)),
        hips=Paint(cloth_below),
        cloth=trousers,
        thigh=Paint(cloth_below, skin, "cut", rng.uniform(0.4, 1.0)) if leg < 0.4 else trousers,
        shin=bare if leg < 0.4 else Paint(cloth_below, skin, "cut", rng.uniform(0.5, 1.3)),
        shoe=bare if rng.random() < 0.12 else Paint(colour(rng)),
        loose=rng.uniform(1.0, 1.3),
        skirt=bool(rng.random() < 0.1),
    )
