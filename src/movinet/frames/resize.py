"""The one resize rule: half-pixel bilinear without antialiasing, rounded to whole grey levels.

It is what the models were trained with (TensorFlow's `resize`, torch's
`interpolate(align_corners=False, antialias=False)`). Other "bilinear" filters (PIL, swscale) widen
their kernel when they shrink and differ by four grey levels on average.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from movinet.errors import UsageError
from movinet.frames.frame import Image

_Indices = np.ndarray[Any, np.dtype[np.intp]]
_Weights = np.ndarray[Any, np.dtype[np.float32]]


def _axis(source: int, target: int, first: int, count: int) -> tuple[_Indices, _Indices, _Weights]:
    """For output places first .. first+count-1 of an axis resized from `source` to `target`.

    Gives the two source places of each and the weight of the second (0..1).
    """
    places = (np.arange(first, first + count) + 0.5) * (source / target) - 0.5
    places = places.clip(0, source - 1)
    low = np.floor(places).astype(np.intp)
    high = np.minimum(low + 1, source - 1)
    return low, high, (places - low).astype(np.float32)


def keep_freed_memory() -> None:
    """Let glibc keep the memory of a frame for the next one, instead of giving it back each time.

    By default it returns every block of this size to the system when it is freed and has it
    filled with zeros again for the next frame, which costs more than the resize itself (1.1 ms
    a frame against 0.5). Freeing one large block, never touched, raises that limit to its size;
    32 MiB is the largest that counts. Other allocators take no notice.
    """
    np.empty((32 << 20) - (64 << 10), np.uint8)


class _Plan(NamedTuple):
    """What to gather from a picture of one size, and how to weigh it."""

    rows: _Indices  # [2h]: upper, then lower rows
    columns: _Indices  # [2w*3]: bytes of the left, then of the right pixels
    down: _Weights  # [h, 1]
    right: _Weights  # [1, w*3]


class Resizer:
    """Brings pictures of any size to one size.

    `stretch` ignores the shape. `center` scales the shorter side to the target, as the picture is
    meant to be shown (with its sample aspect ratio), and cuts the centre out of the longer one.
    """

    def __init__(self, height: int, width: int, rule: str = "stretch") -> None:
        if rule not in ("stretch", "center"):
            raise UsageError(f"unknown resize rule {rule!r}: use stretch or center")
        keep_freed_memory()
        self.height = height
        self.width = width
        self.rule = rule
        self._planned: tuple[tuple[int, int, Fraction], _Plan] | None = None

    def __call__(self, image: Image, sample_aspect_ratio: Fraction = Fraction(1)) -> Image:
        """`image` `[H, W, 3]` as `[height, width, 3]`, both uint8."""
        height, width = image.shape[:2]
        square = self.rule == "stretch" or sample_aspect_ratio == 1
        if (height, width) == (self.height, self.width) and square:
            return image
        key = height, width, sample_aspect_ratio
        # A local name: another thread may plan for another size meanwhile.
        planned = self._planned
        if planned is None or planned[0] != key:
            planned = self._planned = key, self._make_plan(*key)
        plan = planned[1]
        half, side = len(plan.down), plan.right.shape[1]
        # Rows first: whole rows are copied fast, and columns are then picked from few of them.
        rows = np.ascontiguousarray(image).reshape(height, width * 3)[plan.rows]
        corners = rows[:, plan.columns]
        mixed = np.subtract(corners[half:], corners[:half], dtype=np.float32)
        mixed *= plan.down
        mixed += corners[:half]
        left, right = mixed[:, :side], mixed[:, side:]
        right -= left
        right *= plan.right
        right += left
        # Values are in 0..255, so adding a half and cutting off rounds.
        right += np.float32(0.5)
        return right.astype(np.uint8).reshape(self.height, self.width, 3)

    def _make_plan(self, height: int, width: int, sample_aspect_ratio: Fraction) -> _Plan:
        target_height, target_width = self.height, self.width
        if self.rule == "center":
            shown = width * sample_aspect_ratio
            scale = max(Fraction(self.height, height), self.width / shown)
            target_height = max(self.height, int(height * scale))
            target_width = max(self.width, int(shown * scale))
        top = (target_height - self.height) // 2
        left = (target_width - self.width) // 2
        y0, y1, down = _axis(height, target_height, top, self.height)
        x0, x1, right = _axis(width, target_width, left, self.width)
        pixels = np.concatenate([x0, x1])
        return _Plan(
            rows=np.concatenate([y0, y1]),
            columns=(pixels[:, None] * 3 + np.arange(3)).ravel(),
            down=down[:, None],
            right=np.repeat(right, 3)[None, :],
        )
