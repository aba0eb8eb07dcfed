"""Learning where people's joints are, from single pictures, before learning what they do.

A label says little: of a whole clip one word. A network that began with nothing had learnt nothing
from labels after 34,000 pairs of pictures. Where clips are drawn, it is known where each joint is;
that says forty numbers a picture, and what sees joints learns actions quickly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor, nn

from movinet.datasets import Augmentation, CachedClips, apply
from movinet.errors import UsageError
from movinet.network import MoViNet
from movinet.training.checkpoint import read_checkpoint, write_checkpoint
from movinet.training.memory import kept_memory

Joints = np.ndarray[Any, np.dtype[np.float32]]

# Blocks whose pictures are read for joints: an eighth and a sixteenth of the size of A0's.
_BLOCKS = (1, 3)
# What makes distances in the picture about as large as those in metres of a person in its middle.
_WIDE = 2.5
_RATE_STEPS = 50


@dataclass(frozen=True, kw_only=True)
class PostureRecipe:
    """How to learn it.

    Attributes:
        steps: of the optimiser.
        batch: pictures in a step.
        size: height and width of the pictures, in pixels.
        rate: the highest learning rate (AdamW), reached after `_RATE_STEPS` steps; then a cosine.
        weight_decay: on weights; none on biases and norms.
        labels: how much the label of a picture's clip counts beside its joints.
        augmentation: what is done to pictures; only cuts of the picture's own shape.
    """

    steps: int = 12_000
    batch: int = 64
    size: int = 64
    rate: float = 3e-3
    weight_decay: float = 0.02
    labels: float = 0.3
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(area=(0.6, 1.0), ratio=(1.0, 1.0))
    )


class _Readers(nn.Module):
    """What reads joints from a network's pictures and features, and is thrown away after."""

    def __init__(self, net: MoViNet, joints: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Conv2d(net.config.family.blocks[block][-1].channels_out, joints, 1)
            for block in _BLOCKS
        )
        self.posture = nn.Linear(net.head.dense.in_features, 2 * joints)
        self._pictures: list[Tensor] = []
        for block in _BLOCKS:
            layer = net.blocks[block][-1]  # type: ignore[index]
            layer.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, given: object, answer: tuple[Tensor, ...]) -> None:
        self._pictures.append(answer[0])

    def forward(self, net: MoViNet, pictures: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Of `[B, 3, 1, H, W]`: joints `[B, J, 2]` by each map, those about the first, logits."""
        self._pictures.clear()
        features = net.run(pictures, features=True)[0]
        seen = [
            _centres(reader(picture))
            for reader, picture in zip(self.maps, self._pictures, strict=True)
        ]
        return seen, self.posture(features).view(len(features), -1, 2), net.head(features)


def _centres(maps: Tensor) -> Tensor:
    """Where each map `[B, J, H, W]` is highest, softly: `[B, J, 2]`, x and y, 0 to 1."""
    height, width = maps.shape[-2:]
    weights = maps.flatten(2).softmax(2).view(maps.shape)
    x = (torch.arange(width, device=maps.device) + 0.5) / width
    y = (torch.arange(height, device=maps.device) + 0.5) / height
    return torch.stack(((weights.sum(2) * x).sum(2), (weights.sum(3) * y).sum(2)), 2)


class PostureTrainer:
    """One run over the pictures of clips whose joints are known.

    Attributes:
        step: how many are done.
        fit: part of the joints' variance about the first joint that the last map explains, 0 to 1,
            a mean over about a hundred steps.
    """

    def __init__(
        self,
        net: MoViNet,
        clips: CachedClips,
        joints: Sequence[Joints],
        recipe: PostureRecipe,
        mirror: Sequence[int],
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        """Prepare it.

        Args:
            net: what learns; it has a class for each of the clips' labels.
            clips: the clips.
            joints: of each clip `[T, J, 2]`, x and y as parts of the picture.
            recipe: how.
            mirror: for each joint, which one it is in a mirror.
            seed: of all chance.
            device: "cpu" or "cuda".

        Raises:
            UsageError: when clips and joints do not fit.
        """
        if len(joints) != len(clips):
            raise UsageError(f"there are joints of {len(joints)} clips, and {len(clips)} clips")
        self.net, self.recipe, self.step, self.fit = net.to(device).train(), recipe, 0, 0.0
        self._clips, self._joints, self._mirror = clips, joints, list(mirror)
        self._seed, self._device = seed, device
        torch.manual_seed(seed)
        self._readers = _Readers(net, len(self._mirror)).to(device)
        parameters = [*net.parameters(), *self._readers.parameters()]
        self._optimiser = torch.optim.AdamW(
            [
                {
                    "params": [p for p in parameters if p.dim() > 1],
                    "weight_decay": recipe.weight_decay,
                },
                {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
            ],
            lr=recipe.rate,
        )

    @kept_memory()
    def run(self, checkpoint: Path, every: int, progress: Callable[[PostureTrainer], None]) -> None:
        """Do the steps that are left; `checkpoint` is written, and progress told, every so many."""
        if checkpoint.exists():
            self._load(read_checkpoint(checkpoint))
        while self.step < self.recipe.steps:
            self._learn()
            if self.step % every == 0 or self.step == self.recipe.steps:
                write_checkpoint(checkpoint, self._state())
                progress(self)

    def _learn(self) -> None:
        pictures, joints, targets = (tensor.to(self._device) for tensor in self._batch())
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate * self._factor()
        with torch.autocast(self._device, torch.bfloat16, enabled=self._device == "cuda"):
            seen, posture, logits = self._readers(self.net, pictures)
        about = _WIDE * (joints - joints[:, :1])
        loss = F.smooth_l1_loss(posture, about, beta=0.3)
        for places in seen:
            loss = loss + 5 * F.smooth_l1_loss(places, joints, beta=0.05)
        loss = loss + self.recipe.labels * F.cross_entropy(logits, targets, label_smoothing=0.1)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*self.net.parameters(), *self._readers.parameters()], 1.0)
        self._optimiser.step()
        self.step += 1
        with torch.no_grad():
            error = (_WIDE * (seen[-1] - seen[-1][:, :1]) - about).pow(2).mean()
            fit = float(1 - error / (about - about.mean(0)).pow(2).mean())
        self.fit += (fit - self.fit) / min(self.step, 100)

    def _factor(self) -> float:
        if self.step < _RATE_STEPS:
            return (self.step + 1) / _RATE_STEPS
        return 0.5 * (1 + math.cos(math.pi * self.step / self.recipe.steps))

    def _batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures `[B, 3, 1, size, size]`, joints `[B, J, 2]` and labels; the same for a step."""
        size, batch = self.recipe.size, self.recipe.batch
        chance = np.random.default_rng([self._seed, self.step])
        generator = torch.Generator().manual_seed(int(chance.integers(2**62)))
        memory = torch.empty(batch, 1, size, size, 3)
        chosen = chance.integers(len(self._clips), size=batch)
        joints = np.empty((batch, len(self._mirror), 2), np.float32)
        side = self._clips.size
        for place, index in enumerate(chosen.tolist()):
            clip = self._clips.clip(index)
            cut = self.recipe.augmentation.draw((len(clip), side, side), 1, generator)
            apply(cut, clip, size, memory[place])
            top, left, height, width = cut.box
            at = self._joints[index][min(int(cut.indices[0]), len(self._joints[index]) - 1)]
            at = (at * side - (left, top)) / (width, height)
            if cut.flip:
                at = at[self._mirror] * (-1, 1) + (1, 0)
            joints[place] = at
        targets = torch.tensor([self._clips.targets[index] for index in chosen.tolist()])
        return memory.permute(0, 4, 1, 2, 3), torch.from_numpy(joints), targets

    def _state(self) -> dict[str, Any]:
        return {
            "epoch": 0,
            "step": self.step,
            "fit": self.fit,
            "net": self.net.state_dict(),
            "readers": self._readers.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "random": torch.get_rng_state(),
        }

    def _load(self, state: dict[str, Any]) -> None:
        self.step, self.fit = state["step"], state["fit"]
        self.net.load_state_dict(state["net"])
        self._readers.load_state_dict(state["readers"])
        self._optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"].cpu())
