"""A network's weights under the names of the community port, Atze00/MoViNet-pytorch."""

from __future__ import annotations

import torch
from torch import Tensor

from movinet.network import MoViNet


def community_state_dict(net: MoViNet) -> dict[str, Tensor]:
    """As its `state_dict` is, written out from the port's modules and not from our reader."""
    whole = net.config.conv_type == "3d"
    conv = "conv3d" if whole else "conv2d"
    ours, theirs = net.state_dict(), {}

    def unit(place: str, name: str, part: int = 1) -> None:
        weight = ours[f"{place}.conv.weight"]
        if whole and weight.dim() == 4:
            weight = weight[:, :, None]
        theirs[f"{name}.conv_{part}.{conv}.weight"] = weight
        for leaf in ("weight", "bias", "running_mean", "running_var"):
            theirs[f"{name}.conv_{part}.norm.{leaf}"] = ours[f"{place}.norm.{leaf}"]
        theirs[f"{name}.conv_{part}.norm.num_batches_tracked"] = torch.tensor(7)

    def dense(place: str, name: str) -> None:
        ones = (1, 1, 1) if whole else (1, 1)
        weight = ours[f"{place}.weight"]
        theirs[f"{name}.conv_1.{conv}.weight"] = weight.reshape(*weight.shape, *ones)
        theirs[f"{name}.conv_1.{conv}.bias"] = ours[f"{place}.bias"]

    unit("stem", "conv1")
    for layer in net.config.family.layers:
        place = f"blocks.{layer.block}.{layer.index}"
        name = f"blocks.b{layer.block}_l{layer.index}"
        unit(f"{place}.expand", f"{name}.expand")
        unit(f"{place}.depthwise", f"{name}.deep")
        if layer.kernel[0] > 1 and not whole:
            unit(f"{place}.temporal", f"{name}.deep", 2)
        dense(f"{place}.squeeze.reduce", f"{name}.se.fc1")
        dense(f"{place}.squeeze.expand", f"{name}.se.fc2")
        unit(f"{place}.project", f"{name}.project")
        if f"{place}.skip.conv.weight" in ours:
            unit(f"{place}.skip", f"{name}.res.{1 if layer.stride == 2 else 0}")
        theirs[f"{name}.alpha"] = ours[f"{place}.scale"]
    unit("head.project", "conv7")
    dense("head.dense", "classifier.0")
    dense("head.classifier", "classifier.3")
    return theirs
