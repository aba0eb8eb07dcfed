"""Means over frames: of the whole clip, or of all frames so far with a running sum."""

from __future__ import annotations

import torch
from torch import Tensor


def frame_means(x: Tensor, batch: int) -> Tensor:
    """The mean over each frame of `x` `[B * T, C, H, W]`: `[B, T, C]`, in float32 or wider."""
    wide = torch.promote_types(x.dtype, torch.float32)
    return x.mean((2, 3), dtype=wide).view(batch, -1, x.shape[1])


def means_so_far(means: Tensor, ages: Tensor, total: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The mean of all frames up to each one, and the running sum after the last.

    Args:
        means: of each frame, `[B, T, C]`.
        ages: how many frames each stream has seen when it has seen this one, `[B, T]`.
        total: the sum of the means of all frames before, `[B, C]`; None in the base form, where
            each frame gets the mean of the whole clip.
    """
    if total is None:
        return means.mean(1, keepdim=True).expand_as(means), None
    sums = total.to(means.dtype)[:, None] + means.cumsum(1)
    return sums / ages[:, :, None], sums[:, -1].to(total.dtype)
