"""What the tests of the network share."""

from __future__ import annotations

import pytest

from kit.networks import lively
from movinet.network import MoViNet, NetworkConfig


@pytest.fixture
def make():
    """Makes a lively network in evaluation mode."""

    def build(variant: str = "a0", form: str = "stream", **options) -> MoViNet:
        config = NetworkConfig.of(variant, form, **{"classes": 11, **options})
        return lively(MoViNet(config, drawn=False))

    return build
