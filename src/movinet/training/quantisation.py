"""Training with the roundings of an int8 file, so that the weights learn to live with them.

The forward pass rounds what the file rounds; the backward pass takes the roundings for nothing, and
the weights themselves stay exact. Method: Jacob et al., "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 3.

Rounded are:

- **weights** of all convolutions but the stem's, and of all dense layers, with a scale for each
  output channel. The file rounds them after batch norm and layer scales are folded in; these are
  factors of whole output channels, so each weight is rounded to the same part of its channel.
- **pictures**: what each convolution gives after its activation (and before it, where the file has
  the activation as an operation of its own), what squeeze-excite gives, and the sum at the end of
  a layer. A stream buffer keeps what was rounded before.

Left out are the small ones: the gates of hard-swish and squeeze-excite, the mean of a frame, and
the means of 3x3 pixels on the way around a layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

from movinet.export.calibration import Ranges, best_range
from movinet.export.quantise import affine
from movinet.network import MoViNet
from movinet.network.bottleneck import Bottleneck
from movinet.network.layers import Convolution
from movinet.network.squeeze import SqueezeExciteLayer

# Of the ranges before, when a batch shows its own.
_KEPT = 0.95
# Of a histogram. The exporter's 2048 take four times as long, at each step anew.
_BINS = 512

_Hook = Callable[[nn.Module, object, object], object]


class Roundings:
    """The roundings of an int8 file, for the time of a forward pass.

    The network itself is left as it is: no module, weight or name of it changes.

    Attributes:
        ranges: the least and the most that 8 bits stand for in each place, as an average of the
            batches so far. It is all that must be kept for a run to go on as it would have.
    """

    def __init__(self) -> None:
        self.ranges: Ranges = {}

    def __call__(self, net: MoViNet, clips: Tensor) -> Tensor:
        """The logits `[B, classes]` of `clips` `[B, 3, T, H, W]`, as with 8 bits; ranges move."""
        with self._attached(net):
            logits: Tensor = functional_call(net, rounded_weights(net), (clips,))
        return logits

    @contextmanager
    def _attached(self, net: MoViNet) -> Iterator[None]:
        handles = [
            module.register_forward_hook(self._hook(name, least))
            for name, module, least in _places(net)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, name: str, least: float) -> _Hook:
        def hook(_module: nn.Module, _inputs: object, output: object) -> object:
            if isinstance(output, tuple):  # frames, and states after them
                return (self._rounded(name, output[0], least), *output[1:])
            assert isinstance(output, Tensor)
            return self._rounded(name, output, least)

        return hook

    def _rounded(self, name: str, x: Tensor, least: float) -> Tensor:
        seen = _range(x.detach(), least)
        if seen is None:
            return x
        before = self.ranges.get(name, seen)
        low, high = (_KEPT * old + (1 - _KEPT) * new for old, new in zip(before, seen, strict=True))
        self.ranges[name] = low, high
        how = affine(low, high)
        return torch.fake_quantize_per_tensor_affine(x, how.scale[0], how.zero, -128, 127)


def rounded_weights(net: MoViNet) -> dict[str, Tensor]:
    """The weights that an int8 file rounds, rounded to 255 steps a channel, by parameter name.

    Their gradients are those of the weights themselves.
    """
    rounded = {}
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear) and name != "stem.conv":
            weight = module.weight
            top = weight.detach().abs().flatten(1).amax(1)
            rounded[f"{name}.weight"] = torch.fake_quantize_per_channel_affine(
                weight,
                torch.where(top > 0, top, 1) / 127,
                torch.zeros_like(top, dtype=torch.int32),
                0,
                -127,
                127,
            )
    return rounded


def _places(net: MoViNet) -> Iterator[tuple[str, nn.Module, float]]:
    """Where pictures are rounded: a name, whose output it is, and the least that is told apart."""
    for name, module in net.named_modules():
        if isinstance(module, Convolution) and module.norm is not None and name != "stem":
            if module.activation == "hard_swish":
                yield f"{name}.norm", module.norm, -3.0  # which is 0 below
            elif module.activation == "swish":
                yield f"{name}.norm", module.norm, -math.inf
        if isinstance(module, Convolution | SqueezeExciteLayer | Bottleneck):
            yield name, module, -math.inf


def _range(x: Tensor, least: float) -> tuple[float, float] | None:
    """The range that the exporter would take for `x` `[N, C, H, W]`; None where it has none."""
    x = x.permute(0, 2, 3, 1)  # as it lies in memory, so that nothing is copied
    low, high = (float(edge) for edge in x.aminmax())
    if low < least:
        low, x = least, x.clamp(min=least)
    low, high = min(low, 0.0), max(high, 0.0)
    if not 0 < high - low < math.inf:  # all zero, or not numbers any more
        return None
    counts = torch.histc(x, _BINS, low, high)
    return best_range(counts.double().cpu(), low, high)
