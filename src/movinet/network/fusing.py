"""Folding batch norm and layer scales into the convolutions before them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from movinet.network.layers import EPSILON


def fold(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The `state_dict` of the fused form of a network, from that of the network.

    Computed in float64, so that each number is rounded once.
    """
    folded = {}
    for name, tensor in weights.items():
        place, _, kind = name.rpartition(".")
        if place.endswith(".norm") or kind == "scale":
            continue
        folded[name] = tensor
        if not place.endswith(".conv"):
            continue
        layer = place.removesuffix(".conv")
        norm = {
            part: weights[f"{layer}.norm.{part}"].double()
            for part in ("weight", "bias", "running_mean", "running_var")
        }
        factor = norm["weight"] / torch.sqrt(norm["running_var"] + EPSILON)
        bias = norm["bias"] - norm["running_mean"] * factor
        if layer.endswith(".project") and (scale := layer_scale(weights, layer)) is not None:
            factor, bias = factor * scale, bias * scale
        kernel = tensor.double() * factor.view(-1, *[1] * (tensor.dim() - 1))
        folded[name] = kernel.to(tensor.dtype)
        folded[f"{place}.bias"] = bias.to(tensor.dtype)
    return folded


def layer_scale(weights: Mapping[str, Tensor], project: str) -> Tensor | None:
    """The scale that follows a bottleneck's projection; the head's projection has none."""
    scale = weights.get(f"{project.removesuffix('.project')}.scale")
    return None if scale is None else scale.double()


def unfolded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The reverse for weights that come folded: a batch norm that changes nothing but the bias.

    A convolution's `X.conv.bias` becomes `X.norm`; other weights stay as they are.
    """
    whole = {}
    for name, tensor in weights.items():
        if not name.endswith(".conv.bias"):
            whole[name] = tensor
            continue
        norm = name.removesuffix("conv.bias") + "norm."
        whole[norm + "weight"] = torch.ones_like(tensor)
        whole[norm + "bias"] = tensor
        whole[norm + "running_mean"] = torch.zeros_like(tensor)
        # Batch norm divides by the root of the variance plus epsilon: by 1.
        whole[norm + "running_var"] = torch.full_like(tensor, 1 - EPSILON)
    return whole
