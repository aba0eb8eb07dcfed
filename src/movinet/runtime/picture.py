"""From a picture to what a network takes: checked, and brought to its range of values."""

from __future__ import annotations

import numpy as np

from movinet.errors import UsageError
from movinet.models import ModelInfo
from movinet.runtime.model import FloatArray, Image


def check_picture(image: FloatArray | Image, info: ModelInfo) -> None:
    """Make sure that a picture has the size of the model.

    Raises:
        UsageError: it has not.
    """
    if image.shape != (*info.size, 3):
        raise UsageError(
            f"the image is {list(image.shape)} but {info.name} takes "
            f"{[*info.size, 3]} (height, width, RGB)"
        )


def put_picture(image: FloatArray | Image, info: ModelInfo, out: FloatArray) -> None:
    """Write a picture `[H, W, 3]` into `out`, the network's own memory of the same shape."""
    if image.dtype != np.uint8:
        out[...] = image
        return
    # Straight into place, without a float copy on the way.
    np.divide(image, np.float32(255), out=out, dtype=np.float32)
    low, high = info.value_range
    if (low, high) != (0.0, 1.0):
        out *= np.float32(high - low)
        out += np.float32(low)
