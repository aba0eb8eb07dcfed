"""Every wrong input is refused in one line that says what it is and what was expected."""

from __future__ import annotations

import math

import pytest
import torch

from movinet.errors import UsageError
from movinet.network import State


@pytest.fixture(scope="module")
def net():
    from movinet.network import MoViNet, NetworkConfig

    return MoViNet(NetworkConfig.of("t0", classes=3)).eval()


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (torch.rand(1, 3, 20, 20), r"the clip is float32 \[1, 3, 20, 20\]; expected float in 0..1"),
        (torch.rand(1, 2, 20, 20, 3), r"the clip is float32 \[1, 2, 20, 20, 3\]; expected"),
        (torch.zeros(1, 3, 2, 20, 20, dtype=torch.uint8), "the clip is uint8 .*expected"),
        (torch.zeros(1, 3, 2, 20, 20, dtype=torch.int64), "the clip is int64"),
        (torch.rand(1, 3, 0, 20, 20), "is empty"),
        (torch.rand(0, 3, 2, 20, 20), "is empty"),
        (torch.rand(1, 3, 2, 20, 20) * 255, "go from .* they should be in 0..1"),
        (torch.rand(1, 3, 2, 20, 20) * 2 - 1, "go from -.* they should be in 0..1"),
        (torch.full((1, 3, 2, 20, 20), math.nan), "go from nan to nan"),
        ([[1, 2, 3]], "a clip is a tensor, not a list"),
    ],
)
def test_a_wrong_clip(net, clip, message):
    with pytest.raises(UsageError, match=message) as raised:
        net(clip)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "frame", [torch.rand(3, 20, 20), torch.rand(1, 3, 1, 20, 20), torch.rand(1, 20, 20, 3), "x"]
)
def test_a_wrong_frame(net, frame):
    state = net.initial_state(1, 20, 20)
    with pytest.raises(UsageError, match=r"expected float in 0\.\.1"):
        net.step(frame, state)


def test_values_a_little_outside_are_rounding(net):
    assert net(torch.full((1, 3, 1, 20, 20), 1.0005)).shape == (1, 3)


def test_a_state_of_another_size_batch_or_network(net):
    frame = torch.rand(2, 3, 20, 20)
    for state in (net.initial_state(2, 64, 20), net.initial_state(1, 20, 20), State({})):
        with pytest.raises(UsageError, match="the state does not fit 2 streams of 20x20 pixels"):
            net.step(frame, state)


def test_the_base_form_has_no_state():
    from movinet.network import MoViNet, NetworkConfig

    base = MoViNet(NetworkConfig.of("t0", "base"), drawn=False)
    with pytest.raises(UsageError, match="use a stream or lite network to go frame by frame"):
        base.initial_state()
    with pytest.raises(UsageError, match="cannot go on from a state"):
        base.run(torch.rand(1, 3, 1, 20, 20), State({"state_frame_count": torch.zeros(1)}))
