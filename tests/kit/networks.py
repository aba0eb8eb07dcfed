"""Networks with weights that matter: an untrained one adds nothing to its skips."""

from __future__ import annotations

import dataclasses

import torch

from movinet.network import MoViNet, NetworkConfig


def lively(net: MoViNet, seed: int = 0) -> MoViNet:
    """Give every weight and statistic of `net` a value that shows in the logits."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in net.state_dict().items():
        kind = name.rpartition(".")[2]
        if kind == "running_var":
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif kind in ("scale", "position_scale"):
            tensor.fill_(0.5)
        elif tensor.dim() > 1:
            tensor.normal_(0, (1.6 / tensor[0].numel()) ** 0.5, generator=generator)
        elif ".norm.weight" in name:
            tensor.uniform_(0.7, 1.3, generator=generator)
        else:
            tensor.normal_(0, 0.1, generator=generator)
    return net.eval()


def small(form: str = "stream", size: tuple[int, int] = (45, 38), seed: int = 0, **options):
    """A lively T0 of 7 classes for small pictures."""
    config = NetworkConfig.of("t0", form, **{"classes": 7, **options})
    net = lively(MoViNet(config, drawn=False), seed)
    labels = tuple(f"action {number}" for number in range(config.classes))
    net.info = dataclasses.replace(net.info, size=size, labels=labels, licence="Apache-2.0")
    return net
