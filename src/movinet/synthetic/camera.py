"""A camera somewhere around the figure, held by a hand that is never quite still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movinet.synthetic.vectors import Array, unit


@dataclass(frozen=True)
class Camera:
    """A camera that stands at `place` and whose axes are the rows right, up, ahead.

    `focal` and `middle` are in pixels of the canvas.
    """

    place: Array
    axes: Array
    focal: float
    middle: tuple[float, float]
    aimed: tuple[float, float] = (0.0, 0.0)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels x, y of `points` `[..., 3]`, as `[..., 2]`, and pixels per metre there."""
        seen = (points - self.place) @ self.axes.T
        scale = self.focal / np.maximum(seen[..., 2], 0.2)
        flat = np.stack(
            (self.middle[0] + seen[..., 0] * scale, self.middle[1] - seen[..., 1] * scale), -1
        )
        return flat, scale

    def zoomed(self, by: float) -> Camera:
        """The same camera with another focal length, about the middle of what it was aimed at."""
        x, y = self.aimed
        middle = (x + (self.middle[0] - x) * by, y + (self.middle[1] - y) * by)
        return Camera(self.place, self.axes, self.focal * by, middle, self.aimed)

    def rays(self, height: int, width: int) -> Array:
        """Directions of the canvas's pixels, `[height, width, 3]`, float32, not of length one."""
        x = (np.arange(width, dtype=np.float32) - self.middle[0]) / self.focal
        y = (self.middle[1] - np.arange(height, dtype=np.float32)) / self.focal
        right, up, ahead = self.axes.astype(np.float32)
        return np.asarray(ahead + x[None, :, None] * right + y[:, None, None] * up)


def aim(
    rng: np.random.Generator,
    joints: Array,
    size: int,
    canvas: tuple[int, int],
    in_front: bool = False,
) -> Camera:
    """A camera from any side that has all of `joints` `[N, J, 3]` in its sight, or nearly.

    With `in_front`, not from behind.
    """
    low, high = joints.min((0, 1)), joints.max((0, 1))
    look = (low + high) / 2
    azimuth = rng.uniform(-1, 1) * (1.9 if in_front else np.pi)
    elevation = np.deg2rad(rng.triangular(-5, 8, 35))
    distance = rng.uniform(2.8, 8.0)
    place = look + distance * np.array(
        (
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        )
    )
    place[2] = max(place[2], rng.uniform(0.12, 0.5))
    ahead = unit(look - place)
    right = unit(np.cross(ahead, (0, 0, 1.0)))
    roll = rng.normal(0, 0.03)
    up = np.cross(right, ahead)
    right, up = right * np.cos(roll) + up * np.sin(roll), up * np.cos(roll) - right * np.sin(roll)
    axes = np.stack((right, up, ahead))
    flat, _ = Camera(place, axes, 1.0, (0.0, 0.0)).project(joints)
    # At focal length 1: the whole path of the figure fits, and the figure itself is not tiny.
    path = np.ptp(flat.reshape(-1, 2), axis=0).max()
    upright = 1.75 / distance
    focal = size * min(rng.uniform(0.78, 1.0) / path, rng.uniform(0.55, 0.9) / upright)
    half = (flat.reshape(-1, 2).max(0) + flat.reshape(-1, 2).min(0)) / 2
    spare = np.maximum(size - np.ptp(flat.reshape(-1, 2), axis=0) * focal, 0) / 2
    off = rng.uniform(-0.7, 0.7, 2) * spare
    middle = (canvas[0] / 2 - half[0] * focal + off[0], canvas[1] / 2 - half[1] * focal + off[1])
    return Camera(
        place,
        axes,
        float(focal),
        (float(middle[0]), float(middle[1])),
        (canvas[0] / 2, canvas[1] / 2),
    )
