"""Clips as callers have them, checked and turned into frames as the layers want them."""

from __future__ import annotations

import torch
from torch import Tensor

from movinet.errors import UsageError

# How far outside 0..1 a value may lie; augmentations and resizing round.
_SLACK = 1e-3
_EXPECTED = "expected float in 0..1 [B, 3, T, H, W], or uint8 [B, T, H, W, 3]"


def frames_of(clip: Tensor, dtype: torch.dtype) -> tuple[Tensor, int]:
    """The frames of a clip, `[B * T, 3, H, W]` in channels-last memory, and the batch B.

    Raises:
        UsageError: for another shape, type or range of values than `MoViNet.run` takes.
    """
    if not isinstance(clip, Tensor):
        raise UsageError(f"a clip is a tensor, not a {type(clip).__name__}; {_EXPECTED}")
    shape = list(clip.shape)
    if clip.dtype == torch.uint8:
        if len(shape) != 5 or shape[-1] != 3:
            raise UsageError(f"the clip is uint8 {shape}; {_EXPECTED}")
        frames = clip.flatten(0, 1).permute(0, 3, 1, 2).to(dtype) / 255
    elif clip.dtype.is_floating_point:
        if len(shape) != 5 or shape[1] != 3:
            raise UsageError(f"the clip is {_name(clip)} {shape}; {_EXPECTED}")
        if 0 not in shape:
            _check_range(clip)
        frames = clip.transpose(1, 2).flatten(0, 1).to(dtype)
    else:
        raise UsageError(f"the clip is {_name(clip)} {shape}; {_EXPECTED}")
    if 0 in shape:
        raise UsageError(f"the clip {shape} is empty; {_EXPECTED}")
    return frames.contiguous(memory_format=torch.channels_last), shape[0]


def clip_of(frame: Tensor) -> Tensor:
    """One frame a stream, `[B, 3, H, W]` float or `[B, H, W, 3]` uint8, as clips of one frame."""
    if isinstance(frame, Tensor) and frame.dim() == 4:
        return frame.unsqueeze(1 if frame.dtype == torch.uint8 else 2)
    shape = list(frame.shape) if isinstance(frame, Tensor) else type(frame).__name__
    raise UsageError(
        f"the frame is {shape}; expected float in 0..1 [B, 3, H, W], or uint8 [B, H, W, 3]"
    )


def _check_range(clip: Tensor) -> None:
    # A look at the values would split a compiled graph, and make a GPU wait.
    if torch.compiler.is_compiling() or clip.device.type != "cpu":
        return
    low, high = (float(value) for value in clip.detach().aminmax())
    if not (low >= -_SLACK and high <= 1 + _SLACK):  # NaN is not inside either
        raise UsageError(
            f"the clip's values go from {low:g} to {high:g}; they should be in 0..1 "
            "(grey levels divided by 255)"
        )


def _name(clip: Tensor) -> str:
    return str(clip.dtype).removeprefix("torch.")
