"""Rounded, shaded shapes with soft edges, drawn into pictures of planes `[3, H, W]`, float32.

Only the pixels of a shape's own box are touched.
"""

from __future__ import annotations

from math import ceil, floor, hypot

import numpy as np

from movinet.synthetic.vectors import Array

_RAMP = np.arange(4096, dtype=np.float32)
# In the plane of the picture: x, y of a stick's ends and their radii, all in pixels.
Stick = tuple[float, float, float, float, float, float]


class Paint:
    """What a shape looks like: a colour, maybe a second one, and how the second one is spread.

    `kind` is "plain", "rings", "stripes", "checks", or "cut" (the second colour from `where` on).
    """

    def __init__(
        self, colour: Array, second: Array | None = None, kind: str = "plain", where: float = 0.5
    ) -> None:
        self.colour = np.asarray(colour, np.float32)[:, None, None]
        self.kind = kind if second is not None else "plain"
        self.difference = (
            None if second is None else np.asarray(second, np.float32)[:, None, None] - self.colour
        )
        self.where = where

    def spread(self, along: Array, beside: Array) -> Array:
        """How much of the second colour, 0 to 1, by place along (0 to 1) and beside (-1 to 1)."""
        if self.kind == "cut":
            return along > self.where
        if self.kind == "rings":
            return np.sin(along * (6.28 * self.where)) > 0
        if self.kind == "stripes":
            return np.sin(beside * self.where * 3) > 0.2
        return (np.sin(along * (6.28 * self.where)) > 0) ^ (np.sin(beside * self.where * 2) > 0)


def _box(sticks: list[Stick], width: int, height: int) -> tuple[int, int, int, int] | None:
    x0 = min(min(a[0] - a[2], a[3] - a[5]) for a in sticks)
    x1 = max(max(a[0] + a[2], a[3] + a[5]) for a in sticks)
    y0 = min(min(a[1] - a[2], a[4] - a[5]) for a in sticks)
    y1 = max(max(a[1] + a[2], a[4] + a[5]) for a in sticks)
    left, right = max(floor(x0 - 1), 0), min(ceil(x1 + 2), width)
    top, bottom = max(floor(y0 - 1), 0), min(ceil(y1 + 2), height)
    return None if left >= right or top >= bottom else (left, right, top, bottom)


def _inside(stick: Stick, xs: Array, ys: Array) -> tuple[Array, Array, Array, float]:
    """Place along the stick (0 to 1), distance across, depth under the edge in pixels; length."""
    ax, ay, ra, bx, by, rb = stick
    dx, dy = bx - ax, by - ay
    long = hypot(dx, dy)
    ux, uy = (dx / long, dy / long) if long > 0.05 else (1.0, 0.0)
    long = max(long, 0.05)
    xs, ys = xs - np.float32(ax), ys - np.float32(ay)
    along = xs * np.float32(ux) + ys * np.float32(uy)
    beside = ys * np.float32(ux) - xs * np.float32(uy)
    part = along * np.float32(1 / long)
    np.maximum(part, 0, out=part)
    np.minimum(part, 1, out=part)
    past = part * np.float32(-long)
    past += along
    past *= past
    past += beside * beside
    np.sqrt(past, out=past)
    np.subtract(np.float32(ra), past, out=past)
    if abs(rb - ra) > 0.2:
        past += part * np.float32(rb - ra)
    return part, beside, past, long


def draw(
    picture: Array, sticks: list[Stick], paint: Paint, light: tuple[float, float, float]
) -> None:
    """A shape that is the union of `sticks`, shaded as a roll along the first one.

    `light` is where light comes from: right, down, towards the viewer; its length is its strength.
    """
    box = _box(sticks, picture.shape[2], picture.shape[1])
    if box is None:
        return
    left, right, top, bottom = box
    xs, ys = _RAMP[left:right], _RAMP[top:bottom, None]
    part, beside, depth, long = _inside(sticks[0], xs, ys)
    for stick in sticks[1:]:
        np.maximum(depth, _inside(stick, xs, ys)[2], out=depth)
    depth += np.float32(0.5)
    np.maximum(depth, 0, out=depth)
    np.minimum(depth, 1, out=depth)
    ax, ay, ra, bx, by, rb = sticks[0]
    wide = max(ra, rb, 0.5)
    if len(sticks) > 1:
        wide = max(wide, max(hypot(s[0] - ax, s[1] - ay) + s[2] for s in sticks[1:]))
    beside *= np.float32(1 / wide)
    # Light on a roll: s across, the rest towards the viewer.
    slope = ((by - ay) * -light[0] + (bx - ax) * light[1]) / long
    shade = beside * np.float32(-0.5 * light[2])
    shade += np.float32(slope)
    shade *= beside
    shade += np.float32(0.45 + light[2])
    if paint.difference is None:
        colour = paint.colour * shade
    else:
        colour = paint.difference * paint.spread(part, beside)
        colour += paint.colour
        colour *= shade
    there = picture[:, top:bottom, left:right]
    colour -= there
    colour *= depth
    there += colour


def darken(mask: Array, stick: Stick, strength: float, soft: float) -> None:
    """A soft shadow of a stick into a mask `[H, W]` of what is left of the light."""
    box = _box([stick], mask.shape[1], mask.shape[0])
    if box is None:
        return
    left, right, top, bottom = box
    depth = _inside(stick, _RAMP[left:right], _RAMP[top:bottom, None])[2]
    depth *= np.float32(-strength / soft)
    depth += 1
    np.maximum(depth, np.float32(1 - strength), out=depth)
    there = mask[top:bottom, left:right]
    np.minimum(there, depth, out=there)


def fill(picture: Array, corners: Array, colour: Array) -> None:
    """A convex polygon `[K, 2]` in one colour, with soft edges."""
    area = float(
        (
            corners[:, 0] * np.roll(corners[:, 1], -1) - corners[:, 1] * np.roll(corners[:, 0], -1)
        ).sum()
    )
    if abs(area) < 1:
        return
    sticks = [(x, y, 0.0, x, y, 0.0) for x, y in corners.tolist()]
    box = _box(sticks, picture.shape[2], picture.shape[1])
    if box is None:
        return
    left, right, top, bottom = box
    xs, ys = _RAMP[left:right], _RAMP[top:bottom, None]
    cover = np.ones((bottom - top, right - left), np.float32)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, 0), strict=True):
        long = max(hypot(bx - ax, by - ay), 1e-6) * (1 if area > 0 else -1)
        edge = (ys - ay) * np.float32((bx - ax) / long) - (xs - ax) * np.float32((by - ay) / long)
        np.minimum(cover, np.clip(edge + 0.5, 0, 1), out=cover)
    there = picture[:, top:bottom, left:right]
    there += (np.asarray(colour, np.float32)[:, None, None] - there) * cover
