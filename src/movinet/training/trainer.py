"""The loop: steps over batches, all state in one place that can be saved and taken up again."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import nn

from movinet.datasets import Batches, CachedClips, view
from movinet.errors import ModelError
from movinet.network import MoViNet
from movinet.network.layers import Norm
from movinet.training.linear import layers
from movinet.training.recipes import Recipe


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought.

    Attributes:
        number: 1 for the first.
        loss: mean over its steps.
        accuracy: of the averaged weights on the validation clips, each whole; None without any.
        best: whether these are the best weights so far.
    """

    number: int
    loss: float
    accuracy: float | None
    best: bool


class Trainer:
    """One run. `epoch` does the next epoch; `state` and `load` save it and take it up again.

    Attributes:
        net: the network in training.
        average: the average of its weights over steps, which is what is kept.
        done: epochs that are done.
        best: state of the best averaged weights, and their accuracy.
    """

    def __init__(
        self,
        net: MoViNet,
        recipe: Recipe,
        clips: CachedClips,
        validation: CachedClips | None,
        *,
        frames: int,
        seed: int,
        device: torch.device | str = "cpu",
        workers: int = 0,
    ) -> None:
        self.recipe = recipe
        self.frames = frames
        self.device = torch.device(device)
        self.net = net.to(self.device)
        self.average = copy.deepcopy(self.net).eval()
        self.done = 0
        self.best: tuple[float, dict[str, torch.Tensor]] | None = None
        self._clips, self._validation = clips, validation
        self._seed, self._workers = seed, workers
        self._step, self._since_best = 0, 0
        self._loss = 0.0
        self._per_epoch = math.ceil(len(clips) / recipe.batch)
        self._steps = max(1, recipe.epochs * self._per_epoch)
        groups = [
            {"params": part, "rate": recipe.rate * _rate(depth, recipe.backbone), "weight_decay": d}
            for depth, parameters in layers(self.net)
            for part, d in (
                ([p for p in parameters if p.dim() > 1], recipe.weight_decay),
                ([p for p in parameters if p.dim() <= 1], 0.0),
            )
            if part
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=recipe.rate)
        torch.manual_seed(seed)

    # ---- a run ---------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        patience = self.recipe.patience
        return self.done >= self.recipe.epochs or bool(patience and self._since_best >= patience)

    def epoch(self, progress: Callable[[int, int, float], None] = lambda *_: None) -> Epoch:
        """Do the next epoch.

        Args:
            progress: called with the steps done, of how many, and the mean loss so far.

        Raises:
            ModelError: when the loss is no number any more.
        """
        self.net.train()
        if self.recipe.frozen_norm:
            for module in self.net.modules():
                if isinstance(module, Norm):
                    module.eval()
        batches = Batches(
            self._clips,
            batch=self.recipe.batch,
            frames=self.frames,
            size=self.net.info.size[0],
            seed=self._seed,
            epoch=self.done,
            augmentation=self.recipe.augmentation,
            balanced=True,
            workers=self._workers,
        )
        total = 0.0
        for number, batch in enumerate(batches, 1):
            total += self._learn(batch.clips.to(self.device), batch.targets.to(self.device))
            progress(number, len(batches), total / number)
        self.done += 1
        accuracy = self.accuracy()
        better = self.best is None or accuracy is None or accuracy >= self.best[0]
        self._since_best = 0 if better else self._since_best + 1
        if better:
            weights = {n: t.detach().cpu().clone() for n, t in self.average.state_dict().items()}
            self.best = (-1.0 if accuracy is None else accuracy, weights)
        return Epoch(self.done, total / len(batches), accuracy, better)

    def _learn(self, clips: torch.Tensor, targets: torch.Tensor) -> float:
        factor = self._factor()
        for group in self._optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        logits = self.net(clips)
        loss = F.cross_entropy(logits, targets, label_smoothing=self.recipe.label_smoothing)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ModelError(
                f"the loss is not a number in epoch {self.done + 1}: the weights of the best epoch "
                "before are kept; begin again with a lower learning rate"
            )
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip_norm)
        self._optimiser.step()
        self._step += 1
        # The average must forget the beginning before it is long.
        kept = min(self.recipe.average, self._step / (self._step + 9))
        with torch.no_grad():
            for mean, tensor in zip(
                self.average.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                mean.lerp_(tensor, 1 - kept)
        return value

    def _factor(self) -> float:
        """Of the learning rate: a rise, and a cosine down."""
        rise = max(1, int(self.recipe.warmup * self._steps))
        if self._step < rise:
            return (self._step + 1) / rise
        return 0.5 * (1 + math.cos(math.pi * (self._step - rise) / max(1, self._steps - rise)))

    @torch.no_grad()
    def accuracy(self) -> float | None:
        """Of the averaged weights on the validation clips, each as a stream to its end."""
        if self._validation is None:
            return None
        fused = self.average.fuse().to(self.device)
        right = 0
        for index, target in enumerate(self._validation.targets):
            length = min(self._validation.frames(index), self.net.info.clip_frames)
            clip = view(self._validation.clip(index), self.net.info.size[0], length)
            right += int(fused(clip[None].to(self.device)).argmax()) == target
        return right / len(self._validation)

    def result(self) -> MoViNet:
        """The network with the best averaged weights."""
        net = copy.deepcopy(self.average).cpu()
        if self.best is not None:
            net.load_state_dict(self.best[1])
        return net.eval()

    # ---- saving it -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that `load` needs to go on as if nothing had happened."""
        return {
            "epoch": self.done,
            "step": self._step,
            "since_best": self._since_best,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "best": self.best,
            "random": torch.get_rng_state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.done, self._step = state["epoch"], state["step"]
        self._since_best, self.best = state["since_best"], state["best"]
        torch.set_rng_state(state["random"])


def _rate(depth: float, first: float) -> float:
    """The part of the rate at a depth from 0 to 1; `first` at 0, geometric between."""
    return float(first ** (1 - depth))
