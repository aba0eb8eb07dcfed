"""From a network to a list of operations: one step of a causal one, a whole clip of a base one.

Batch norm and layer scales are folded in. No value has more than four axes. What is not plain:

- a temporal convolution works on `[1, frames, pixels, channels]`, or as a sum of weighted frames;
- squeeze-excite's hard sigmoid is a convolution with ReLU6, six times as large as it should be;
  the sixth goes into the weights of the projection behind it;
- all pools share one frame count.
"""

from __future__ import annotations

from collections.abc import Collection

from movinet.errors import ModelError, UsageError
from movinet.export.cliplowering import ClipLowering
from movinet.export.graph import Graph
from movinet.export.steplowering import StepLowering
from movinet.network import MoViNet


def lower_step(
    net: MoViNet,
    *,
    embedding: bool = False,
    windows: bool = False,
    plain: Collection[str] = (),
) -> Graph:
    """One step of one stream of a causal network, at the picture size of its `info`.

    Args:
        net: the network.
        embedding: give the pooled feature too.
        windows: keep the past of a temporal convolution as one state `state_X_stream_buffer`,
            `[1, frames, pixels, channels]`, that comes out as it goes in. Otherwise each past frame
            is a state of its own, `state_X_stream_buffer_0` (the oldest) and so on, of which only
            the newest comes out; the others move up. That saves copies.
        plain: names of the layers in which hard-swish is written in operations that exist for
            8-bit integers.

    Raises:
        UsageError: for a network of the base form.
        ModelError: when a weight is not finite.
    """
    if not net.config.causal:
        raise UsageError("the base form has no step; it is exported as a clip model")
    return StepLowering(_checked(net), embedding, windows, frozenset(plain)).graph


def lower_clip(net: MoViNet, frames: int, *, embedding: bool = False) -> Graph:
    """A network of the base form on a whole clip of so many frames.

    The input is `clip`, `[frames, height, width, 3]`.

    Raises:
        UsageError: for a causal network.
        ModelError: when a weight is not finite.
    """
    if net.config.causal:
        raise UsageError("a causal network is exported as a step, not as a clip model")
    return ClipLowering(_checked(net), embedding, frames).graph


def _checked(net: MoViNet) -> MoViNet:
    """The fused network.

    Raises:
        ModelError: when a weight is not finite.
    """
    fused = net.fuse()
    for name, tensor in fused.state_dict().items():
        if not tensor.isfinite().all():
            raise ModelError(
                f"cannot export the network: {name} has values that are not finite; its training "
                "went wrong, or its file is damaged"
            )
    return fused
