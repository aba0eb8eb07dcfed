"""How to train, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from movinet.datasets import Augmentation
from movinet.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train.

    Attributes:
        name: what it is called.
        epochs: passes over the clips; 0: none, only the classifier is fitted to the features.
        batch: clips in a step.
        rate: the highest learning rate, of the classifier and the layer before it.
        backbone: the part of that rate that the first layers of the network have; layers between
            have something between (discriminative rates).
        warmup: the part of all steps in which the rate rises; after it falls as a cosine.
        weight_decay: of AdamW, on weights; none on biases and norms.
        label_smoothing: the part of a label that is spread over all classes.
        clip_norm: the longest a gradient may be.
        average: of the weights over steps (EMA); the averaged ones are what is kept.
        frozen_norm: batch norm keeps its statistics.
        start_linear: the classifier begins as the one that the features alone allow.
        patience: epochs without a better validation after which training stops; 0: never.
        augmentation: what is done to clips.
    """

    name: str
    epochs: int
    batch: int = 8
    rate: float = 3e-4
    backbone: float = 1.0
    warmup: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    clip_norm: float = 1.0
    average: float = 0.98
    frozen_norm: bool = False
    start_linear: bool = False
    patience: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        said = asdict(self)
        said["augmentation"]["never_flipped"] = sorted(self.augmentation.never_flipped)
        return said


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="linear", epochs=0, start_linear=True),
        Recipe(
            name="finetune",
            epochs=12,
            rate=3e-4,
            backbone=0.3,
            frozen_norm=True,
            start_linear=True,
            augmentation=Augmentation(area=(0.6, 1.0), brightness=0.25, contrast=0.25),
        ),
        Recipe(name="scratch", epochs=60, batch=16, rate=2e-3, warmup=0.05, average=0.995),
    )
}


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in RECIPES:
        raise UsageError(f"unknown recipe {name!r}: use one of {', '.join(RECIPES)}")
    return RECIPES[name]
