"""How untrained weights are drawn, as the official code does it (architecture: initialisation)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from movinet.network.movinet import MoViNet

# The standard deviation of a unit normal cut off at two of its own, which Keras makes up for.
_CUT = 0.87962566103423978


def draw_weights(net: MoViNet) -> None:
    """He et al. 2015, normal, for the fan-in; biases 0. Scales are 0 and batch norm 1 already."""
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            weight = module.weight
            fan_in = weight[0].numel()
            if isinstance(module, nn.Conv2d) and module.groups > 1:
                fan_in = _depthwise_fan_in(net, name, module)
            deviation = math.sqrt(2 / fan_in) / _CUT
            nn.init.trunc_normal_(weight, 0, deviation, -2 * deviation, 2 * deviation)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    draw_classifier(net.head.classifier)


def draw_classifier(classifier: nn.Linear) -> None:
    """Small weights, so that all classes begin about equal."""
    nn.init.normal_(classifier.weight, 0, 0.01)
    nn.init.zeros_(classifier.bias)


def _depthwise_fan_in(net: MoViNet, name: str, conv: nn.Conv2d) -> int:
    """Keras counts the channels of a depthwise 2-D kernel in, not those of a grouped 3-D one."""
    size = conv.weight[0].numel()
    return size * conv.groups if net.config.conv_type == "2plus1d" else size
