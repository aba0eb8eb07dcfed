"""Small geometry on arrays over time: x is forward, y is left, z is up; metres and radians."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def vector(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Array:
    """A vector of three components that may each be a number or an array: `[..., 3]`."""
    return np.stack(np.broadcast_arrays(*(np.asarray(part, float) for part in (x, y, z))), -1)


def unit(v: Array) -> Array:
    """`v` with length one."""
    return np.asarray(v / np.maximum(np.sqrt((v * v).sum(-1, keepdims=True)), 1e-9))


def across(v: Array, axis: Array) -> Array:
    """The part of `v` across the unit vector `axis`, with length one."""
    return unit(v - (v * axis).sum(-1, keepdims=True) * axis)


def lean(angle: ArrayLike) -> Array:
    """Rotation about y: up turns forward. `[..., 3, 3]`."""
    c, s = np.cos(angle), np.sin(angle)
    o, i = np.zeros_like(c), np.ones_like(c)
    return _matrix(((c, o, s), (o, i, o), (-s, o, c)))


def tilt(angle: ArrayLike) -> Array:
    """Rotation about x: up turns right. `[..., 3, 3]`."""
    c, s = np.cos(angle), np.sin(angle)
    o, i = np.zeros_like(c), np.ones_like(c)
    return _matrix(((i, o, o), (o, c, -s), (o, s, c)))


def turn(angle: ArrayLike) -> Array:
    """Rotation about z: forward turns left. `[..., 3, 3]`."""
    c, s = np.cos(angle), np.sin(angle)
    o, i = np.zeros_like(c), np.ones_like(c)
    return _matrix(((c, -s, o), (s, c, o), (o, o, i)))


def _matrix(rows: tuple[tuple[Array, Array, Array], ...]) -> Array:
    return np.stack([np.stack(row, -1) for row in rows], -2)


def rotate(matrix: Array, v: Array) -> Array:
    """`matrix` applied to `v`, both over time."""
    return np.asarray(np.einsum("...ij,...j->...i", matrix, v))


def smooth(x: ArrayLike) -> Array:
    """0 below 0, 1 above 1, and softly from one to the other."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))
