"""How to train, as data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

from movinet.datasets import Augmentation
from movinet.errors import UsageError

# Of the epochs, with the roundings of an int8 file, where `movinet train --quantise` asks for them.
QUANTISED = 1 / 3


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of the epochs, with smaller pictures or shorter clips than the network is for.

    What a network learns from small pictures it does not have to learn again from large ones
    (Touvron et al., "Fixing the train-test resolution discrepancy", 2019), and a step with them
    takes a fraction of the time.

    Attributes:
        part: of all epochs, 0 to 1.
        size: of the network's height and width, 0 to 1.
        frames: of a training clip's frames, 0 to 1.
    """

    part: float = 1.0
    size: float = 1.0
    frames: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train.

    Attributes:
        name: what it is called.
        epochs: passes over the clips; 0: none, only the classifier is fitted to the features.
        batch: clips in a step.
        stages: what is different in parts of the epochs, in order; together they are all of them.
        quantised: the last part of the epochs, 0 to 1, that goes on with the roundings of an int8
            file; 0: none. See `training/quantisation.py`.
        accumulate: batches whose gradients make one step.
        optimiser: "adamw", or "rmsprop" with the decay, momentum and epsilon of the official code.
        rate: the highest learning rate, of the classifier and the layer before it.
        backbone: the part of that rate that the first layers of the network have; layers between
            have something between (discriminative rates).
        warmup: the part of all steps in which the rate rises; after it falls as a cosine.
        weight_decay: of AdamW, on weights; none on biases and norms.
        label_smoothing: the part of a label that is spread over all classes.
        clip_norm: the longest a gradient may be.
        runs: how often all epochs are done, each time from the beginning with other chance; what is
            kept is the mean of their weights (Wortsman et al., "Model soups", 2022). Only where
            all begin with a trained network: otherwise they end too far apart.
        blend: how far what is kept lies from the weights of the beginning, 0, to those learnt, 1
            (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
        average: of the weights over steps (EMA); the averaged ones are what is kept.
        frozen_norm: batch norm keeps its statistics.
        start_linear: the classifier begins as the one that the features alone allow.
        patience: epochs without a better validation after which training stops; 0: never.
        balanced: every class is shown as often as every other; else as often as it has clips.
        mixed_precision: activations in bfloat16; None: on a GPU only. On a CPU it takes as long,
            since not the arithmetic but the memory is what it waits for.
        faster: how many times its own frame rate the network is given where clips are shorter than
            half of what it was trained on: it learns what more pictures of a short action say.
        phases: pictures of such a clip that are kept for each that the network is given; cuts
            begin at any of them.
        augmentation: what is done to clips.
    """

    name: str
    epochs: int
    batch: int = 8
    stages: tuple[Stage, ...] = (Stage(),)
    quantised: float = 0.0
    accumulate: int = 1
    optimiser: Literal["adamw", "rmsprop"] = "adamw"
    rate: float = 3e-4
    backbone: float = 1.0
    warmup: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    clip_norm: float = 1.0
    runs: int = 1
    blend: float = 1.0
    average: float = 0.98
    frozen_norm: bool = False
    start_linear: bool = False
    patience: int = 0
    balanced: bool = True
    mixed_precision: bool | None = None
    faster: int = 1
    phases: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.runs < 1 or (self.runs > 1 and self.patience):
            raise UsageError("runs must be 1 or more, and 1 with patience")
        if not 0 < self.blend <= 1:
            raise UsageError(f"blend must be above 0 and at most 1, not {self.blend:g}")
        if min(self.faster, self.phases) < 1:
            raise UsageError("faster and phases must be 1 or more")
        if not 0 <= self.quantised <= 1:
            raise UsageError(f"quantised must be from 0 to 1, not {self.quantised:g}")

    def stage(self, epoch: int) -> int:
        """Which of the stages epoch `epoch`, 0 for the first, belongs to."""
        ends = accumulate(stage.part for stage in self.stages)
        # Sums of parts may end a hair below where they should.
        begun = [number for number, end in enumerate(ends) if epoch >= end * self.epochs - 1e-6]
        return min(len(begun), len(self.stages) - 1)

    def rounds(self, epoch: int) -> bool:
        """Whether epoch `epoch`, 0 for the first, has the roundings of an int8 file."""
        last = max(1, round(self.quantised * self.epochs)) if self.quantised else 0
        return epoch >= self.epochs - last

    @property
    def passes(self) -> int:
        """Epochs of all runs."""
        return self.runs * self.epochs

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
            epochs=8,
            rate=3e-4,
            backbone=0.3,
            average=0.95,
            frozen_norm=True,
            start_linear=True,
            faster=2,
            phases=3,
            augmentation=Augmentation(area=(0.6, 1.0), brightness=0.25, contrast=0.25),
        ),
        Recipe(
            name="scratch",
            epochs=20,
            batch=16,
            stages=(
                Stage(part=0.5, size=0.5, frames=0.5),
                Stage(part=0.3, size=0.75, frames=0.67),
                Stage(part=0.2),
            ),
            rate=3e-3,
            warmup=0.05,
            weight_decay=0.02,
            average=0.995,
            balanced=False,
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """A recipe by its name, or one that a JSON file describes.

    The file has an object: `name` says which recipe it begins with, every other field of `Recipe`
    replaces that one's. What `settings.json` of a run has under "recipe" is such an object.

    Raises:
        UsageError: there is none of that name, or the file has something that is none.
    """
    if name in RECIPES:
        return RECIPES[name]
    if not name.endswith(".json"):
        raise UsageError(
            f"unknown recipe {name!r}: use one of {', '.join(RECIPES)}, or a .json file"
        )
    try:
        said = json.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the recipe {name}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"cannot read the recipe {name}: it is no JSON ({error})") from error
    if not isinstance(said, dict) or said.get("name") not in RECIPES:
        raise UsageError(
            f"cannot read the recipe {name}: its name must be one of {', '.join(RECIPES)}"
        )
    try:
        return _with(RECIPES[said.pop("name")], said)
    except (TypeError, ValueError) as error:
        raise UsageError(f"cannot read the recipe {name}: {error}") from error


def _with(recipe: Recipe, said: dict[str, Any]) -> Recipe:
    """`recipe` with what a file says, each value made what the field is."""
    changes = dict(said)
    if "stages" in changes:
        changes["stages"] = tuple(Stage(**stage) for stage in changes["stages"])
    if "augmentation" in changes:
        own: dict[str, Any] = {
            key: tuple(value) if key in {"area", "ratio", "speed"} else value
            for key, value in changes["augmentation"].items()
        }
        own["never_flipped"] = frozenset(own.get("never_flipped", ()))
        changes["augmentation"] = replace(recipe.augmentation, **own)
    for key, value in changes.items():
        had = getattr(recipe, key, None)
        if isinstance(had, bool | int | float) and not isinstance(value, bool | int | float):
            raise ValueError(f"{key} must be a number, not {json.dumps(value)}")
    return replace(recipe, **changes)
