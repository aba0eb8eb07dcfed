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
from movinet.training.linear import layers, set_classifier
from movinet.training.quantisation import Roundings
from movinet.training.recipes import Recipe, Stage


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought.

    Attributes:
        number: 1 for the first.
        loss: mean over its steps.
        accuracy: of the averaged weights on the validation clips, each whole; None without any.
        kept: whether the weights after it are what is kept, were it the last.
    """

    number: int
    loss: float
    accuracy: float | None
    kept: bool


class NotANumber(ModelError):  # noqa: N818 (it says what the loss is)
    """The loss is infinite or undefined."""


class Trainer:
    """One run. `epoch` does the next epoch; `state` and `load` save it and take it up again.

    Attributes:
        net: the network in training.
        average: the average of its weights over steps, which is what is kept.
        done: epochs that are done.
        kept: accuracy and state of the averaged weights that are kept: the last, since the rate
            falls to nothing and a dozen clips cannot tell which epoch was better; those of the best
            epoch of the stage where the recipe has patience.
    """

    def __init__(
        self,
        net: MoViNet,
        recipe: Recipe,
        clips: CachedClips,
        validation: CachedClips | None,
        *,
        frames: int,
        step: int = 1,
        seed: int,
        device: torch.device | str = "cpu",
        workers: int = 0,
    ) -> None:
        """Prepare it.

        Args:
            net: the network; its `info` says size and frame rate.
            recipe: how.
            clips: to learn from.
            validation: to judge by.
            frames: of a training clip.
            step: pictures of `clips` for each of those frames.
            seed: of all chance.
            device: "cpu" or "cuda".
            workers: threads that prepare batches ahead.
        """
        self.recipe = recipe
        self.frames, self._between = frames, step
        self.device = torch.device(device)
        self.net = net.to(self.device)
        self.average = copy.deepcopy(self.net).eval()
        self.done = 0
        self.kept: tuple[float, dict[str, torch.Tensor]] | None = None
        self._clips, self._validation = clips, validation
        self._seed, self._workers = seed, workers
        # Of the epoch that is being done: its batches so far, and the sum of their losses.
        self._batches, self._losses = 0, 0.0
        self._step, self._since_best = 0, 0
        per_epoch = math.ceil(math.ceil(len(clips) / recipe.batch) / recipe.accumulate)
        self._steps = max(1, recipe.epochs * per_epoch)
        self._mixed = recipe.mixed_precision
        if self._mixed is None:
            self._mixed = self.device.type == "cuda"
        self._optimiser = optimiser_of(recipe, self.net)
        self._roundings = Roundings()
        # What each run begins with, and the sum of the weights that runs have ended with.
        self._begin = _copy(self.net)
        self._sum: dict[str, torch.Tensor] | None = None
        torch.manual_seed(seed)

    # ---- a run ---------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        patience = self.recipe.patience
        return self.done >= self.recipe.passes or bool(patience and self._since_best >= patience)

    def begin_with(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        """Put a fitted classifier in place before the first epoch."""
        set_classifier(self.net, weight, bias)
        self.average.load_state_dict(self.net.state_dict())
        self._begin = _copy(self.net)

    @property
    def _epoch(self) -> int:
        """The epoch that is being done, of its run; 0 for the first."""
        return self.done % max(1, self.recipe.epochs)

    @property
    def _stage(self) -> Stage:
        return self.recipe.stages[self.recipe.stage(self._epoch)]

    @property
    def _size(self) -> int:
        part = 1.0 if self.finished else self._stage.size
        return round(part * self.net.info.size[0])

    def epoch(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Epoch:
        """Do the next epoch, or the rest of one that was saved in its midst.

        Args:
            progress: called after every batch with how many are done, and of how many; `state` may
                be saved then.

        Raises:
            NotANumber: the loss is none any more; the averaged weights are as they were.
        """
        self._prepare()
        batches = Batches(
            self._clips,
            batch=self.recipe.batch,
            frames=max(2, round(self._stage.frames * self.frames)),
            size=self._size,
            seed=self._seed,
            epoch=self.done,
            start_batch=self._batches,
            augmentation=self.recipe.augmentation,
            balanced=self.recipe.balanced,
            step=self._between,
            workers=self._workers,
        )
        total = self._batches + len(batches)
        for batch in batches:
            self._losses += self._learn(batch.clips.to(self.device), batch.targets.to(self.device))
            self._batches += 1
            if self._batches % self.recipe.accumulate == 0 or self._batches == total:
                self._move()
            progress(self._batches, total)
        return self._close(self._losses / total)

    def _prepare(self) -> None:
        self.net.train()
        if self.recipe.frozen_norm:
            for module in self.net.modules():
                if isinstance(module, Norm):
                    module.eval()

    def _close(self, loss: float) -> Epoch:
        accuracy = self.accuracy()
        # What was the best on other pictures, or without roundings, is not a best of these.
        now, before = (
            (self.recipe.stage(epoch), self.recipe.rounds(epoch))
            for epoch in (self._epoch, self._epoch - 1)
        )
        first = not self._epoch or now != before
        better = (
            not self.recipe.patience
            or first
            or self.kept is None
            or accuracy is None
            or accuracy >= self.kept[0]
        )
        self._since_best = 0 if better else self._since_best + 1
        if better:
            self.kept = (-1.0 if accuracy is None else accuracy, _copy(self.average))
        self.done += 1
        self._batches, self._losses = 0, 0.0
        if self.recipe.runs > 1 and not self._epoch:
            self._end_run()
        return Epoch(self.done, loss, accuracy, better)

    def _end_run(self) -> None:
        ended = self.average.state_dict()
        before = self._sum or {}
        self._sum = {name: tensor + before.get(name, 0) for name, tensor in ended.items()}
        if not self.finished:
            self.net.load_state_dict(self._begin)
            self.average.load_state_dict(self._begin)
            self._optimiser = optimiser_of(self.recipe, self.net)
            self._roundings = Roundings()
            self._step = 0

    def _learn(self, clips: torch.Tensor, targets: torch.Tensor) -> float:
        """Add to the gradients what a batch says; gives its loss."""
        rounds = self.recipe.rounds(self._epoch)
        # The steps of bfloat16 are as wide as those of 8 bits and would hide them.
        mixed = bool(self._mixed) and not rounds
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            logits = self._roundings(self.net, clips) if rounds else self.net(clips)
        loss = F.cross_entropy(logits, targets, label_smoothing=self.recipe.label_smoothing)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise NotANumber(f"the loss is not a number in epoch {self.done + 1}")
        (loss / self.recipe.accumulate).backward()  # type: ignore[no-untyped-call]
        return value

    def _move(self) -> None:
        """One step along the gradients."""
        factor = self._factor()
        for group in self._optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip_norm)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._step += 1
        # The average must forget the beginning before it is long.
        kept = min(self.recipe.average, self._step / (self._step + 9))
        with torch.no_grad():
            for mean, tensor in zip(
                self.average.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                mean.lerp_(tensor, 1 - kept)

    def _factor(self) -> float:
        """Of the learning rate: a rise, and a cosine down."""
        rise = max(1, int(self.recipe.warmup * self._steps))
        if self._step < rise:
            return (self._step + 1) / rise
        return 0.5 * (1 + math.cos(math.pi * (self._step - rise) / max(1, self._steps - rise)))

    @torch.no_grad()
    def accuracy(self, net: MoViNet | None = None) -> float | None:
        """Of a network on the validation clips, each as a stream to its end.

        The pictures are of the size that is being trained with.

        Args:
            net: None: the one with the averaged weights.
        """
        if self._validation is None:
            return None
        fused = (net or self.average).fuse().to(self.device)
        right = 0
        for index, target in enumerate(self._validation.targets):
            length = min(self._validation.frames(index), self.net.info.clip_frames)
            clip = view(self._validation.clip(index), self._size, length)
            right += int(fused(clip[None].to(self.device)).argmax()) == target
        return right / len(self._validation)

    def result(self) -> MoViNet:
        """The network with the averaged weights that are kept, on the CPU.

        Of several runs those are the mean of what has ended.
        """
        net = copy.deepcopy(self.average).cpu()
        kept = net.state_dict() if self.kept is None else self.kept[1]
        if self._sum is not None:
            ended = self.done // self.recipe.epochs
            kept = {name: tensor.cpu() / ended for name, tensor in self._sum.items()}
        if self.kept is not None:
            kept = {
                name: torch.lerp(self._begin[name], tensor, self.recipe.blend)
                for name, tensor in kept.items()
            }
        net.load_state_dict(kept)
        return net.eval()

    # ---- saving it -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that `load` needs to go on as if nothing had happened."""
        return {
            "epoch": self.done,
            "batches": self._batches,
            "losses": self._losses,
            "gradients": [parameter.grad for parameter in self.net.parameters()],
            "step": self._step,
            "since_best": self._since_best,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "ranges": self._roundings.ranges,
            "begin": self._begin,
            "sum": self._sum,
            "kept": self.kept,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._roundings.ranges = state["ranges"]
        self._begin, self._sum = state["begin"], state["sum"]
        self.done, self._step = state["epoch"], state["step"]
        self._batches, self._losses = state["batches"], state["losses"]
        for parameter, gradient in zip(self.net.parameters(), state["gradients"], strict=True):
            parameter.grad = None if gradient is None else gradient.to(self.device)
        self._since_best, self.kept = state["since_best"], state["kept"]
        torch.set_rng_state(state["random"].cpu())
        torch.cuda.set_rng_state_all([kept.cpu() for kept in state["random_cuda"]])


def _copy(net: MoViNet) -> dict[str, torch.Tensor]:
    """The state of a network as it is now, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in net.state_dict().items()}


def optimiser_of(recipe: Recipe, net: MoViNet) -> torch.optim.Optimizer:
    """What the recipe says, with a rate for each layer and no decay on biases and norms."""
    groups = [
        {"params": part, "rate": recipe.rate * _rate(depth, recipe.backbone), "weight_decay": decay}
        for depth, parameters in layers(net)
        for part, decay in (
            ([p for p in parameters if p.dim() > 1], recipe.weight_decay),
            ([p for p in parameters if p.dim() <= 1], 0.0),
        )
        if part
    ]
    if recipe.optimiser == "rmsprop":
        return torch.optim.RMSprop(groups, lr=recipe.rate, alpha=0.9, momentum=0.9, eps=1.0)
    return torch.optim.AdamW(groups, lr=recipe.rate)


def _rate(depth: float, first: float) -> float:
    """The part of the rate at a depth from 0 to 1; `first` at 0, geometric between."""
    return float(first ** (1 - depth))
