"""`Found`: what a reader found in somebody else's file, under our names and in our layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Hints:
    """What a file shows beside its numbers; None where it does not tell.

    `form`, `conv_type`, `activation`, `gate` and `classifier_activation` are the words of
    `NetworkConfig`; `size` is the input's height and width in pixels.
    """

    form: str | None = None
    conv_type: str | None = None
    activation: str | None = None
    gate: str | None = None
    classifier_activation: str | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Found:
    """The tensors of one network.

    Attributes:
        kind: what the file is, in words for people, such as "TensorFlow checkpoint".
        tensors: our name (as in the network's `state_dict`) to the float32 array in PyTorch's
            layout. Where batch norm was folded already, a layer has `conv.weight` and `conv.bias`
            and no `norm`.
        names: our name to the name in the file.
        left: names in the file that are no part of a network.
        hints: what else the file shows.
    """

    kind: str
    tensors: Mapping[str, Array]
    names: Mapping[str, str]
    left: tuple[str, ...] = ()
    hints: Hints = field(default_factory=Hints)
