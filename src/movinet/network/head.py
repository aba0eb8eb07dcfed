"""The head: a last convolution, the mean over all frames so far, and the classifier."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor, nn

from movinet.network.config import NetworkConfig
from movinet.network.layers import ACTIVATIONS, FrameConv
from movinet.network.pooling import frame_means, means_so_far


class Head(nn.Module):
    """From the last layer's frames to pooled features, and from those to logits."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        variant = config.family
        self.activation = config.classifier_activation
        self.dropout = config.dropout
        self.project = FrameConv(
            variant.layers[-1].channels_out,
            variant.features,
            activation=config.activation,
            fused=config.fused,
        )
        self.dense = nn.Linear(variant.features, variant.dense)
        self.classifier = nn.Linear(variant.dense, config.classes)

    def pool(self, x: Tensor, ages: Tensor, total: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Frames `[B * T, C, H, W]`; gives features `[B, T, features]` and the sum after them."""
        return means_so_far(frame_means(self.project(x), ages.shape[0]), ages, total)

    def forward(self, features: Tensor) -> Tensor:
        """Features `[..., features]` to logits `[..., classes]`, in float32 or wider."""
        hidden = ACTIVATIONS[self.activation](self.dense(features.to(self.dense.weight.dtype)))
        hidden = F.dropout(hidden, self.dropout, self.training)
        logits: Tensor = self.classifier(hidden)
        return logits.to(features.dtype)
