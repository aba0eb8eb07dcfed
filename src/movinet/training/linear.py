"""The recipe `linear`: what a network says already, and a classifier on that.

The backbone stays as it is. Each clip goes through it once (and once mirrored); on what the dense
layer gives, a multinomial logistic regression is fitted, which becomes the classifier's weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor

from movinet.datasets import CachedClips, view
from movinet.network import MoViNet
from movinet.network.layers import ACTIVATIONS

# Of the squared weights, on features brought to a spread of 1, over the number of examples. On 119
# street clips of two classes, 10 to 1000 gave the same accuracy within 0.01.
STRENGTH = 100.0
# The least spread that a feature is taken to have, in parts of the mean spread.
_LEAST_SPREAD = 0.05


@dataclass(frozen=True)
class Features:
    """What the layer before the classifier says of clips.

    Attributes:
        rows: `[examples, width]`.
        targets: the class of each.
    """

    rows: Tensor
    targets: Tensor


@torch.no_grad()
def features(
    net: MoViNet,
    clips: CachedClips,
    frames: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """The hidden layer of each clip and of its mirror image, after at most so many frames."""
    fused = net.fuse()
    device = fused.head.dense.weight.device
    activate = ACTIVATIONS[fused.head.activation]
    rows, targets = [], []
    for index, target in enumerate(clips.targets):
        clip = view(clips.clip(index), net.info.size[0], min(frames, clips.frames(index)))
        for seen in (clip, clip.flip(-1)):
            pooled = fused(seen[None].to(device), features=True)
            rows.append(activate(fused.head.dense(pooled))[0].cpu())
            targets.append(target)
        progress(index + 1, len(clips))
    return Features(torch.stack(rows), torch.tensor(targets))


def fit(found: Features, classes: int) -> tuple[Tensor, Tensor]:
    """Weights `[classes, width]` and bias `[classes]` of a logistic regression on features.

    Each class counts as much as every other, however many clips it has.
    """
    rows = found.rows.double()
    mean, spread = rows.mean(0), rows.std(0)
    # A unit that hardly ever says anything would get a weight hundreds of times the others', which
    # no rounding survives, for a regularity that is mostly chance.
    spread = spread.clamp(min=max(_LEAST_SPREAD * float(spread.mean()), 1e-6))
    normal = (rows - mean) / spread
    counts = torch.bincount(found.targets, minlength=classes).clamp(min=1)
    balance = (len(rows) / (classes * counts)).double()
    weight = torch.zeros(classes, rows.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        error = F.cross_entropy(normal @ weight.T + bias, found.targets, balance)
        total: Tensor = error + STRENGTH * weight.pow(2).sum() / len(rows)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        scaled = weight / spread
        return scaled.float(), (bias - scaled @ mean).float()


def set_classifier(net: MoViNet, weight: Tensor, bias: Tensor) -> None:
    """Put fitted weights in place."""
    with torch.no_grad():
        net.head.classifier.weight.copy_(weight)
        net.head.classifier.bias.copy_(bias)


def layers(net: MoViNet) -> Iterator[tuple[float, list[torch.nn.Parameter]]]:
    """The network's parameters from first to last: how deep they lie, 0 to 1, and they."""
    parts: list[torch.nn.Module] = [
        net.stem,
        *(layer for block in net.blocks for layer in block),  # type: ignore[attr-defined]
        net.head.project,
    ]
    for number, part in enumerate(parts):
        yield number / len(parts), list(part.parameters())
    yield 1.0, [*net.head.dense.parameters(), *net.head.classifier.parameters()]
