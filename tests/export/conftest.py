"""What the tests of exporting share: clips, and files run with nothing of ours around them."""

from __future__ import annotations

import numpy as np
import pytest

from movinet.export.clips import made_up_clip


@pytest.fixture
def clip():
    """Seven frames of 45x38 pixels."""
    return made_up_clip((45, 38), 7)


@pytest.fixture
def clips():
    """Eight short clips of 45x38 pixels, all different."""
    random = np.random.default_rng(3)
    base = made_up_clip((45, 38), 6)
    return [
        np.clip(base.astype(int) // (1 + number % 3) + random.integers(0, 60), 0, 255).astype(
            np.uint8
        )
        for number in range(8)
    ]
