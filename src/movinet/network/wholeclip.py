"""Whole clips as arrays, for callers that know no tensors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from movinet.errors import UsageError
from movinet.network.movinet import MoViNet


def clip_logits(net: MoViNet, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The logits `[classes]` of a clip that is seen at once, `MoViNet.forward`.

    Args:
        net: the network, in evaluation mode.
        frames: `[T, H, W, 3]` uint8 RGB.

    Raises:
        UsageError: when the clip is no such array, or too long for the memory of this machine.
    """
    try:
        with torch.inference_mode():
            logits: NDArray[np.float32] = net(torch.from_numpy(frames)[None])[0].numpy()
    except RuntimeError as error:
        # PyTorch has no exception of its own for this on a CPU.
        if "allocate memory" not in str(error):
            raise
        count, height, width, _ = frames.shape
        raise UsageError(
            f"{count} frames of {width}x{height} pixels at once do not fit into memory"
        ) from error
    return logits
