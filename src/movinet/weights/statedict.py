"""PyTorch state dicts of the widely used community port, Atze00/MoViNet-pytorch."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from movinet.errors import ModelError
from movinet.weights.found import Array, Found, Hints

# The port's modules, and ours.
_PLACES = (
    (r"conv1", r"stem"),
    (r"blocks\.b(\d+)_l(\d+)\.expand", r"blocks.\1.\2.expand"),
    (r"blocks\.b(\d+)_l(\d+)\.deep", r"blocks.\1.\2.depthwise"),
    (r"blocks\.b(\d+)_l(\d+)\.project", r"blocks.\1.\2.project"),
    (r"blocks\.b(\d+)_l(\d+)\.res\.[01]", r"blocks.\1.\2.skip"),
    (r"blocks\.b(\d+)_l(\d+)\.se\.fc1", r"blocks.\1.\2.squeeze.reduce"),
    (r"blocks\.b(\d+)_l(\d+)\.se\.fc2", r"blocks.\1.\2.squeeze.expand"),
    (r"conv7", r"head.project"),
    (r"classifier\.0", r"head.dense"),
    (r"classifier\.3", r"head.classifier"),
)
_PART = re.compile(r"\.conv_([12])\.(?:(conv[23]d)|norm)\.(\w+)")
_SCALE = re.compile(r"blocks\.b(\d+)_l(\d+)\.alpha")
# Where training programs put the network's weights among other things.
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_FIRST = "conv1.conv_1.conv"


def is_state_dict(source: Path) -> bool:
    """Whether a file begins as `torch.save` begins its files, new or old."""
    try:
        with source.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False
    return start == b"PK\x03\x04" or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05")


def read_state_dict(source: Path) -> Found:
    """The network in a state dict, plain or under the usual keys and prefixes of training programs.

    Nothing in the file is run: PyTorch unpickles tensors and plain values only.

    Raises:
        ModelError: it cannot be read, or is no state dict of the port.
    """
    tensors = _tensors(source)
    prefix = next((name.partition(_FIRST)[0] for name in tensors if _FIRST in name), None)
    if prefix is None:
        raise ModelError(
            f"cannot take weights from {source}: there is no MoViNet of the community port in it "
            f"(no tensor is called {_FIRST}2d.weight or {_FIRST}3d.weight)"
        )
    found: dict[str, Array] = {}
    names: dict[str, str] = {}
    left = []
    for name, tensor in tensors.items():
        ours = _our_name(name[len(prefix) :]) if name.startswith(prefix) else None
        if ours is None:
            left.append(name)
        elif ours in names:
            raise ModelError(
                f"cannot take weights from {source}: {names[ours]} and {name} are the same part"
            )
        else:
            found[ours], names[ours] = _our_layout(ours, tensor), name
    whole = any(".conv3d." in name for name in names.values())
    return Found(
        kind="PyTorch state dict of the community port",
        tensors=found,
        names=names,
        left=tuple(name for name in left if not name.endswith(".num_batches_tracked")),
        # The port has no other hard sigmoid than Keras' own.
        hints=Hints(conv_type="3d" if whole else "2plus1d", gate=None if whole else "keras"),
    )


def _tensors(source: Path) -> Mapping[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old kinds of storage
            content = torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"cannot read {source}: {error.strerror or error}") from error
    except Exception as error:  # a damaged pickle can raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"cannot read {source}: not a state dict that can be read safely, or damaged "
            f"({reason[:120]}); save the network's state_dict() and nothing else"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping):
        raise ModelError(f"cannot take weights from {source}: it holds no state dict")
    return {str(n): t for n, t in content.items() if isinstance(t, Tensor)}


def _our_name(name: str) -> str | None:
    """Our name of a tensor of the port, or None for one that has no place."""
    if match := _SCALE.fullmatch(name):
        return f"blocks.{match[1]}.{match[2]}.scale"
    part = _PART.search(name)
    if part is None or part.end() != len(name):
        return None
    for pattern, ours in _PLACES:
        match = re.fullmatch(pattern, name[: part.start()])
        if match is None:
            continue
        place, leaf = match.expand(ours), part[3]
        if leaf == "num_batches_tracked":
            return None
        if part[1] == "2":
            place = place.replace(".depthwise", ".temporal")
        if place.startswith(("head.dense", "head.classifier")) or ".squeeze." in place:
            return f"{place}.{leaf}"
        return f"{place}.{'conv' if part[2] else 'norm'}.{leaf}"
    return None


def _our_layout(name: str, tensor: Tensor) -> Array:
    """1x1 convolutions of vectors become matrices; a time axis of one frame goes."""
    array: Array = np.ascontiguousarray(tensor.detach().to(torch.float32).numpy())
    if array.ndim == 0 or name.endswith(".scale"):
        return array.reshape(()) if array.size == 1 else array
    if array.ndim < 4 or not name.endswith(".weight"):
        return array
    if not name.endswith(".conv.weight"):
        return array.reshape(array.shape[:2]) if array[0, 0].size == 1 else array
    if array.ndim == 5 and ".temporal." in name:
        return array[..., 0]
    return array[:, :, 0] if array.ndim == 5 and array.shape[2] == 1 else array
