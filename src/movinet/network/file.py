"""Networks in `.safetensors` files that say which network they are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from movinet.errors import ModelError, UsageError
from movinet.models.weightsfile import KIND, read_weights_file
from movinet.network.config import NetworkConfig
from movinet.network.movinet import MoViNet
from movinet.network.tensorfile import read_tensors, write_tensors


def load(path: str | Path) -> MoViNet:
    """The network in a file that `save` or `movinet models import` wrote, in evaluation mode.

    Raises:
        ModelError: when the file cannot be read, is another kind of file, or its tensors do not
            fit the network that it names.
    """
    path = Path(path)
    said = read_weights_file(path)
    try:
        config = NetworkConfig(**said.network)
    except (TypeError, UsageError) as error:
        raise ModelError(f"cannot use {path}: its header names no network ({error})") from error
    tensors, _ = read_tensors(path)
    net = MoViNet(config, said.info, drawn=False)
    wrong = misfits({name: tuple(t.shape) for name, t in tensors.items()}, net)
    if wrong:
        raise ModelError(f"cannot use {path}: {'; '.join(wrong[:5])}")
    net.load_state_dict(tensors)
    return net.eval()


def save(net: MoViNet, path: str | Path) -> None:
    """Write the network and all that is known of it.

    Raises:
        OutputError: when that cannot be done; what was there before stays.
    """
    metadata = {
        "movinet": KIND,
        "network": json.dumps(dataclasses.asdict(net.config)),
        **net.info.to_metadata(),
    }
    write_tensors(Path(path), net.state_dict(), metadata)


def misfits(shapes: dict[str, tuple[int, ...]], net: MoViNet) -> list[str]:
    """What keeps tensors of these names and shapes from being the weights of `net`, in words."""
    wanted = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    return [
        *(f"{name} is missing" for name in wanted if name not in shapes),
        *(f"{name} is unknown" for name in shapes if name not in wanted),
        *(
            f"{name} is {list(shapes[name])}, expected {list(shape)}"
            for name, shape in wanted.items()
            if name in shapes and shapes[name] != shape
        ),
    ]
