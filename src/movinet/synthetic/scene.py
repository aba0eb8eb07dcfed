"""Where it happens: a floor, walls or open sky, things that stand about, light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from movinet.synthetic.camera import Camera
from movinet.synthetic.drawing import fill
from movinet.synthetic.looks import colour
from movinet.synthetic.vectors import Array, vector

_TILE = 256
# The corners of a box's faces, as signs, and their outward directions.
_FACES = tuple(
    (axis, sign, [(u, v) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    for axis in range(3)
    for sign in (-1, 1)
)


@dataclass(frozen=True)
class Light:
    """Where light comes from (length one, z > 0), how strong, and how dark its shadows are."""

    way: Array
    strength: float
    shadow: float

    def seen(self, camera: Camera) -> tuple[float, float, float]:
        """As a drawing wants it: right, down, towards the viewer."""
        right, up, ahead = (camera.axes @ self.way).tolist()
        s = self.strength
        return 0.6 * s * right, -0.6 * s * up, 0.25 + 0.45 * s * max(-ahead, 0.0)


def random_light(rng: np.random.Generator) -> Light:
    """The sun, a window, a lamp, or light from everywhere."""
    height, round_ = np.deg2rad(rng.uniform(30, 80)), rng.uniform(0, 2 * np.pi)
    way = np.array(
        (np.cos(height) * np.cos(round_), np.cos(height) * np.sin(round_), np.sin(height))
    )
    return Light(way, rng.uniform(0.2, 0.9), 0.0 if rng.random() < 0.2 else rng.uniform(0.15, 0.65))


@cache
def grain() -> Array:
    """Noise of several sizes that can be laid side by side, `[256, 256]`, about -1 to 1."""
    rng = np.random.default_rng(20240229)
    f = np.fft.fftfreq(_TILE)
    far = np.hypot(f[:, None], f[None, :])
    far[0, 0] = 1
    spectrum = np.fft.fft2(rng.standard_normal((_TILE, _TILE))) / far**1.3
    spectrum[0, 0] = 0
    made = np.fft.ifft2(spectrum).real
    return np.asarray(made / (2.5 * made.std()), np.float32)


def _texture(rng: np.random.Generator, u: Array, v: Array, fade: ArrayLike) -> Array:
    """A pattern on a plane with coordinates in metres: 0 to 1, flat where `fade` is 0."""
    kind = str(rng.choice(("plain", "grain", "grain", "lines", "checks", "planks", "grid")))
    size = rng.uniform(0.25, 1.2)
    u, v = u / size, v / size
    if kind == "plain":
        made: Array = np.zeros_like(u)
    elif kind == "grain":
        dots = rng.uniform(15, 120)
        a = (u * dots).astype(np.int32) & (_TILE - 1)
        b = (v * dots).astype(np.int32) & (_TILE - 1)
        made = grain()[a, b] * 0.9
    elif kind == "lines":
        made = np.clip(np.sin(u * 6.28) * 3, -1, 1)
    elif kind == "checks":
        made = np.clip(np.sin(u * 3.14) * 8, -1, 1) * np.clip(np.sin(v * 3.14) * 8, -1, 1)
    elif kind == "planks":
        row = np.floor(u)
        shift = (row * 0.37) % 1.0 * 4
        shade = np.sin(row * 12.9 + np.floor(v / 4 + shift) * 78.2)
        made = 0.7 * shade - 0.9 * ((u - row) < 0.06)
    else:
        made = -1.0 * (((u % 1) < 0.06) | ((v % 1) < 0.06))
    return np.asarray(0.5 + 0.5 * made * np.asarray(fade), np.float32)


def _two(rng: np.random.Generator) -> tuple[Array, Array]:
    first = colour(rng)
    second = np.clip(first + rng.normal(0, 0.18) + rng.normal(0, 0.05, 3), 0, 1)
    return first.astype(np.float32)[:, None, None], second.astype(np.float32)[:, None, None]


def _mix(pair: tuple[Array, Array], share: Array) -> Array:
    return np.asarray(pair[0] + (pair[1] - pair[0]) * share)


def background(
    rng: np.random.Generator, camera: Camera, light: Light, height: int, width: int
) -> Array:
    """The empty scene on the camera's canvas, `[3, height, width]`, float32, 0 to 1."""
    if rng.random() < 0.08:  # a studio: nothing but a colour or a run of colours
        down = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones(
            (1, width), np.float32
        )
        return _mix((_two(rng)[0], _two(rng)[0]), down)
    rays = camera.rays(height, width)
    x, y, z = (camera.place[k] for k in range(3))
    rx, ry, rz = rays[..., 0], rays[..., 1], rays[..., 2]
    far = np.where(rz < -1e-3, np.float32(z) / np.maximum(-rz, 1e-3), np.float32(1e3))
    fade = np.clip(1.3 - far / rng.uniform(12, 30), 0, 1)
    picture = _mix(_two(rng), _texture(rng, x + far * rx, y + far * ry, fade))
    room = rng.random() < 0.6
    if room:
        # A round wall about the middle, `radius` metres away.
        radius = float(np.hypot(x, y)) * rng.uniform(0.05, 0.3) + rng.uniform(1.6, 5.0)
        a = rx * rx + ry * ry
        b = rx * np.float32(x) + ry * np.float32(y)
        c = x * x + y * y - radius * radius
        root = b * b - a * np.float32(c)
        hit = (np.sqrt(np.maximum(root, 0)) - b) / np.maximum(a, 1e-6)
        # From outside the room, the far side of the wall is seen and the near one is not there.
        wall = (root > 0) & (hit < far) & (hit > 0)
        up = z + hit * rz
        along = np.arctan2(y + hit * ry, x + hit * rx) * np.float32(radius)
        shade = _mix(_two(rng), _texture(rng, along, up, np.float32(1.0)))
        shade *= (0.75 + 0.1 * np.clip(up, 0, 4)).astype(np.float32)
        skirting = (up < 0.12) & (rng.random() < 0.4)
        shade[:, skirting] *= np.float32(rng.uniform(0.4, 0.9))
        np.copyto(picture, shade, where=wall)
        sky = ~wall & (rz > -1e-3)
    else:
        sky = rz > -1e-3
    if sky.any():
        high = np.clip(rz * rng.uniform(0.8, 3.0), 0, 1)
        clouds = np.zeros((1, 1), np.float32)
        if rng.random() < 0.5:
            u = (np.arange(width) * rng.uniform(0.2, 1.0) + rng.integers(_TILE)).astype(int)
            v = (np.arange(height) * rng.uniform(0.4, 2.0) + rng.integers(_TILE)).astype(int)
            clouds = grain()[v[:, None] % _TILE, u[None, :] % _TILE] * np.float32(0.5)
        above = _mix((_two(rng)[0], _two(rng)[1]), np.clip(high + clouds, 0, 1).astype(np.float32))
        np.copyto(picture, above, where=sky)
    _furnish(rng, picture, camera, light, room)
    for _ in range(int(rng.choice((0, 1, 1, 2, 5)))):  # what is behind is not as sharp
        picture = 0.5 * picture + 0.25 * (np.roll(picture, 1, 1) + np.roll(picture, -1, 1))
        picture = 0.5 * picture + 0.25 * (np.roll(picture, 1, 2) + np.roll(picture, -1, 2))
    return np.asarray(np.clip(picture, 0.0, 1.0), np.float32)


def _furnish(
    rng: np.random.Generator, picture: Array, camera: Camera, light: Light, room: bool
) -> None:
    """Boxes behind and beside the figure: cupboards, tables, houses, whatever."""
    ahead, right = camera.axes[2] * (1, 1, 0), camera.axes[0] * (1, 1, 0)
    boxes = []
    for _ in range(int(rng.choice((0, 0, 1, 2, 3, 5)))):
        size = 1.0 if room else rng.uniform(1.0, 3.0)
        half = rng.uniform(0.1, 0.5, 3) * size
        half[2] = rng.uniform(0.15, 0.9) * size
        middle = ahead * rng.uniform(0.9, 4.0) * size + right * rng.normal(0, 1.8) * size
        boxes.append(
            (float(middle @ ahead), middle + vector(0, 0, half[2]), half, rng.uniform(0, 1.5))
        )
    for _, middle, half, angle in sorted(boxes, key=lambda box: -box[0]):
        for corners, shade in faces(middle, half, angle, camera.place, light):
            fill(picture, camera.project(corners)[0], colour(rng) * shade)


def faces(
    middle: Array, half: Array, angle: float, eye: Array, light: Light
) -> list[tuple[Array, float]]:
    """The faces of an upright box that `eye` can see: corners `[4, 3]`, and how light they are."""
    c, s = np.cos(angle), np.sin(angle)
    axes = np.array(((c, s, 0), (-s, c, 0), (0, 0, 1.0)))
    seen = []
    for axis, sign, corners in _FACES:
        normal = axes[axis] * sign
        centre = middle + normal * half[axis]
        if float((eye - centre) @ normal) <= 0:
            continue
        one, two = (k for k in range(3) if k != axis)
        flat = np.stack(
            [centre + axes[one] * half[one] * u + axes[two] * half[two] * v for u, v in corners]
        )
        seen.append((flat, 0.6 + 0.4 * light.strength * max(float(normal @ light.way), 0.0)))
    return seen


def on_floor(points: Array, light: Light) -> Array:
    """Where the shadows of `points` fall on the floor."""
    run = points[..., 2] / light.way[2]
    return np.asarray(points - run[..., None] * light.way)
