"""A clip from a seed: who, where, seen how."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from movinet.errors import UsageError
from movinet.synthetic.actions import ACTIONS, BACKGROUND, FROM_THE_FRONT, LABELS, UPRIGHT
from movinet.synthetic.body import Body, random_body
from movinet.synthetic.camera import Camera, aim
from movinet.synthetic.drawing import Paint, Stick, darken, draw, fill
from movinet.synthetic.flesh import SHADOWS, Part, parts, points
from movinet.synthetic.floor import bar
from movinet.synthetic.looks import Look, colour, random_look
from movinet.synthetic.performer import Performer
from movinet.synthetic.scene import background, faces, on_floor, random_light
from movinet.synthetic.skeleton import PELVIS, Figure
from movinet.synthetic.upper import hold_something
from movinet.synthetic.vectors import Array, turn

_SMALLEST, _LARGEST = 32, 1024
_FAR, _WIDER = 2.4, 1.35  # metres that anybody goes; how much wider the view may get for it
_SHUTTER = 0.6  # of the time between frames that the longest exposure takes


def render_clip(
    label: str, seed: int, *, size: int = 224, fps: float = 10, seconds: float = 3
) -> Array:
    """One clip of a figure that performs `label`, as `[T, size, size, 3]` uint8 RGB.

    The same label, seed, size, rate and length give the same pixels.

    Raises:
        UsageError: the label is not one of `LABELS`, or size, rate or length make no sense.
    """
    filming, exposures = _film(label, seed, size, fps, seconds)
    return filming.frames(exposures)


def locate_joints(
    label: str, seed: int, *, size: int = 224, fps: float = 10, seconds: float = 3
) -> tuple[Array, Array]:
    """Where the joints of who performs are in the clip that `render_clip` gives for the same.

    Returns:
        `[T, JOINTS, 2]`, x and y in pixels from the upper left corner, in the order of `skeleton`,
        also of joints that are hidden or outside; and `[T]`, pixels per metre at the pelvis.

    Raises:
        UsageError: as `render_clip`.
    """
    filming, exposures = _film(label, seed, size, fps, seconds)
    flat, scale = filming.screen(filming.cast[0].figure.joints)
    return flat[::exposures], scale[::exposures, PELVIS]


def _film(label: str, seed: int, size: int, fps: float, seconds: float) -> tuple[_Filming, int]:
    """All that is drawn by chance but the scenery; and exposures a frame."""
    check(label, size, fps, seconds)
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative: use 0 or more")
    rng = np.random.default_rng([seed, zlib.crc32(label.encode())])
    count = max(1, round(seconds * fps))
    exposures = int(rng.choice((1, 1, 3)))
    open_for = rng.uniform(0.2, _SHUTTER)
    t = (np.arange(count)[:, None] + np.arange(exposures) / exposures * open_for).ravel() / fps
    return _Filming(rng, label, size, t, count / fps), exposures


def check(label: str, size: int, fps: float, seconds: float) -> None:
    """Refuse what cannot be rendered."""
    if label not in ACTIONS:
        raise UsageError(f"unknown action {label!r}: use some of {', '.join(LABELS)}")
    if not _SMALLEST <= size <= _LARGEST:
        raise UsageError(f"cannot draw {size} pixels: use {_SMALLEST} to {_LARGEST}")
    if not 1 <= fps <= 120:
        raise UsageError(f"cannot draw {fps:g} frames per second: use 1 to 120")
    if not 0.5 <= seconds <= 60:
        raise UsageError(f"cannot draw {seconds:g} seconds: use 0.5 to 60")


@dataclass
class _Cast:
    """A figure with its looks, and where its points are on the screen, frame by frame."""

    figure: Figure
    body: Body
    look: Look
    parts: list[Part]
    points: Array

    @classmethod
    def of(cls, figure: Figure, body: Body, look: Look) -> _Cast:
        made = parts(body, look)
        where = points(figure, body, look.hairstyle)
        return cls(figure, body, look, made, where)

    def with_props(self) -> None:
        """Add the figure's things to its parts and points."""
        for prop in self.figure.props:
            k = self.points.shape[1]
            self.points = np.concatenate((self.points, np.stack((prop.a, prop.b), 1)), 1)
            self.parts.append(
                Part(((k, k + 1, prop.radius, prop.radius),), Paint(np.array(prop.colour)))
            )


class _Filming:
    """All that is drawn by chance for one clip, and the drawing of its frames."""

    def __init__(
        self, rng: np.random.Generator, label: str, size: int, t: Array, seconds: float
    ) -> None:
        self.rng, self.size, self.t = rng, size, t
        self.light = random_light(rng)
        body = random_body(rng)
        performer = Performer(rng, body, t, seconds)
        figure = ACTIONS[label](performer)
        _shorten(figure)
        if label in UPRIGHT:
            _company(performer, figure)
        self.cast = [_Cast.of(figure, body, random_look(rng))]
        self._look_on(label, figure, seconds)
        if rng.random() < 0.22:
            self._second(t, seconds)
        for member in self.cast:
            member.with_props()

    def _scenery(self) -> None:
        """Draw what does not move, and the faults of the camera."""
        rng, size = self.rng, self.size
        self.canvas = background(rng, self.camera, self.light, self.high, self.wide)
        self.gain = (rng.uniform(0.75, 1.15) * (1 + rng.normal(0, 0.05, 3))).astype(np.float32)
        self.lift = np.float32(rng.uniform(0, 0.08))
        self.noise = float(rng.choice((0.0, 1.0)) * rng.uniform(1.0, 9.0))
        self.occluder = _Occluder(rng, size) if rng.random() < 0.12 else None

    def _look_on(self, label: str, figure: Figure, seconds: float) -> None:
        """Choose the camera, and how it follows, shakes and zooms."""
        rng, size, t = self.rng, self.size, self.t
        self.margin = round(size * 0.4), round(size * 0.15)
        self.wide, self.high = size + 2 * self.margin[0], size + 2 * self.margin[1]
        path = figure.joints[:, PELVIS] * (1, 1, 0)
        path = path - (path.max(0) + path.min(0)) / 2
        follow = float(rng.choice((0.0, 0.6, 1.0)))
        if np.ptp(path, axis=0).max() > 1.5:
            follow = 1.0
        still = figure.joints - follow * path[:, None]
        self.camera: Camera = aim(rng, still, size, (self.wide, self.high), label in FROM_THE_FRONT)
        where = self.camera.project(figure.joints[:, PELVIS])[0]
        held = self.camera.project(figure.joints[:, PELVIS] - follow * path)[0]
        self.pan = held - where
        limit = np.array(self.margin) - size * 0.03
        # A path too long for the canvas is seen from further away, and not followed to its ends.
        much = np.maximum((np.abs(self.pan) / limit).max(0), 1.0)
        wider = min(float(much.max()), _WIDER)
        self.pan /= np.maximum(much, wider)
        self.camera = self.camera.zoomed(1 / wider)
        shake = float(rng.choice((0.0, 0.4, 1.0))) * size / 224
        for axis in (0, 1):
            for hz in rng.uniform(0.3, 3.0, 3):
                self.pan[:, axis] += (
                    shake * np.sin(2 * np.pi * (hz * t + rng.random())) / (0.5 + hz)
                )
        self.pan = np.clip(self.pan, -limit - size * 0.02, limit + size * 0.02)
        if rng.random() < 0.25:
            self.zoom = 1 + 0.16 * rng.uniform(0, 1) * (
                t / seconds if rng.random() < 0.5 else 1 - t / seconds
            )
        else:
            self.zoom = np.ones(len(t))

    def _second(self, t: Array, seconds: float) -> None:
        """Somebody else, who does nothing in particular, beside or behind."""
        rng = self.rng
        body = random_body(rng)
        figure = ACTIONS[BACKGROUND](Performer(rng, body, t, seconds))
        ahead, right = self.camera.axes[2] * (1, 1, 0), self.camera.axes[0] * (1, 1, 0)
        middle = self.cast[0].figure.joints[:, PELVIS].mean(0) * (1, 1, 0)
        beside = rng.uniform(0.75, 1.8) * (1 if rng.random() < 0.5 else -1)
        place = middle + ahead * rng.uniform(0.2, 3.0) + right * beside
        figure.place(turn(rng.uniform(0, 2 * np.pi)), place)
        self.cast.append(_Cast.of(figure, body, random_look(rng)))

    def frames(self, exposures: int) -> Array:
        """All frames, each a mean of some exposures."""
        self._scenery()
        size, count = self.size, len(self.t) // exposures
        screens = [self.screen(member.points) for member in self.cast]
        orders = [
            self._depths(member, screen) for member, screen in zip(self.cast, screens, strict=True)
        ]
        shadows = self._shadows()
        light = self.light.seen(self.camera)
        out = np.empty((count, size, size, 3), np.uint8)
        noise = _noise() * np.float32(self.noise) if self.noise else None
        gain = (self.gain * 255 * (1 - self.lift))[:, None, None]
        lift = np.float32(self.lift * 255)
        for number in range(count):
            total: Array | None = None
            for k in range(number * exposures, (number + 1) * exposures):
                picture = self._behind(k)
                self._darken(picture, shadows, k)
                for member, screen, order in zip(self.cast, screens, orders, strict=True):
                    self._draw(picture, member, screen, order, light, k)
                total = picture if total is None else total + picture
            assert total is not None
            if self.occluder is not None:
                self.occluder.draw(total, exposures, self.pan[number * exposures])
            total *= gain / exposures
            total += lift
            if noise is not None:
                y, x = self.rng.integers(0, noise.shape[0] - size, 2).tolist()
                total += noise[y : y + size, x : x + size]
            np.maximum(total, 0, out=total)
            np.minimum(total, 255, out=total)
            out[number] = total.transpose(1, 2, 0)
        return out

    def screen(self, world: Array) -> tuple[Array, Array]:
        """Pixels on the screen `[N, P, 2]` and pixels per metre `[N, P]`."""
        flat, scale = self.camera.project(world)
        zoom = self.zoom[:, None]
        middle = self.size / 2
        moved = flat - np.array(self.margin) + self.pan[:, None] - middle
        return moved * zoom[..., None] + middle, scale * zoom

    def _depths(self, member: _Cast, screen: tuple[Array, Array]) -> Array:
        """The order in which parts are drawn, `[N, parts]`; a seat is one more part, the last."""
        away = self.camera.focal * self.zoom[:, None] / screen[1]
        depth = np.stack(
            [
                away[:, [k for stick in part.sticks for k in stick[:2]]].mean(1) + part.nearer
                for part in member.parts
            ],
            1,
        )
        seat = member.figure.seat
        if seat is not None:
            top, half = seat
            where = float((top - (0, 0, half[2]) - self.camera.place) @ self.camera.axes[2])
            low = np.array([part.low for part in member.parts])
            if member.figure.seated:
                # Who sits is above the seat; only shins and feet can be behind it.
                depth = np.where(low & (depth > where), depth + 100, depth)
                depth = np.concatenate((depth, np.full((len(depth), 1), 99.0)), 1)
            else:
                depth = np.concatenate((depth, np.full((len(depth), 1), where)), 1)
        return np.argsort(-depth, 1)

    def _behind(self, k: int) -> Array:
        """The background as the camera sees it at moment `k`, `[3, size, size]`."""
        size, zoom, middle = self.size, self.zoom[k], self.size / 2
        at = []
        for axis, most in ((1, self.high), (0, self.wide)):
            start = middle + self.margin[axis] - self.pan[k, axis]
            if zoom == 1.0:
                first = int(np.clip(round(start - middle), 0, most - size))
                at.append(np.arange(first, first + size))
            else:
                where = (np.arange(size) - middle) / zoom + start
                at.append(np.clip(np.rint(where), 0, most - 1).astype(np.intp))
        rows, columns = at
        if zoom == 1.0:
            return self.canvas[:, rows[0] : rows[0] + size, columns[0] : columns[0] + size].copy()
        return np.take(np.take(self.canvas, rows, 1), columns, 2)

    def _shadows(self) -> list[tuple[Array, Array, float]]:
        if not self.light.shadow:
            return []
        made = []
        for member in self.cast:
            screen = self.screen(on_floor(member.figure.joints, self.light))
            made.append((*screen, member.body.girth))
        return made

    def _darken(self, picture: Array, shadows: list[tuple[Array, Array, float]], k: int) -> None:
        if not shadows:
            return
        mask = np.ones(picture.shape[1:], np.float32)
        for flat, scale, girth in shadows:
            dots, scales = flat[k].tolist(), scale[k].tolist()
            for number, (a, b) in enumerate(SHADOWS):
                (ax, ay), (bx, by) = dots[a], dots[b]
                if not -2000 < ax < 4000 or not -2000 < bx < 4000:
                    continue
                radius = (0.13 if number == 0 else 0.07) * girth
                darken(
                    mask,
                    (ax, ay, radius * scales[a], bx, by, radius * scales[b]),
                    self.light.shadow,
                    max(0.06 * scales[a], 1.0),
                )
        picture *= mask

    def _draw(
        self,
        picture: Array,
        member: _Cast,
        screen: tuple[Array, Array],
        order: Array,
        light: tuple[float, float, float],
        k: int,
    ) -> None:
        dots, scales = screen[0][k].tolist(), screen[1][k].tolist()
        for number in order[k].tolist():
            if number == len(member.parts):
                self._draw_seat(picture, member, k)
                continue
            part = member.parts[number]
            sticks: list[Stick] = [
                (*dots[a], ra * scales[a], *dots[b], rb * scales[b]) for a, b, ra, rb in part.sticks
            ]
            draw(picture, sticks, part.paint, light)

    def _draw_seat(self, picture: Array, member: _Cast, k: int) -> None:
        seat = member.figure.seat
        assert seat is not None
        top, half = seat
        tint = member.look.hair.colour[:, 0, 0] * 0.5 + 0.35
        middle = top - (0, 0, half[2])
        for corners, shade in faces(middle, half, 0.0, self.camera.place, self.light):
            flat = self.screen(np.broadcast_to(corners, (len(self.t), 4, 3)))[0][k]
            fill(picture, flat, tint * shade)


class _Occluder:
    """Something out of focus in front: a post, the corner of a thing, a bush."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        u = (np.arange(size, dtype=np.float32) + 0.5) / size
        kind = int(rng.integers(3))
        soft = rng.uniform(0.004, 0.04)
        if kind == 0:
            at, wide = rng.uniform(0.0, 1.0), rng.uniform(0.02, 0.07)
            away = np.abs(u[None, :] + 0 * u[:, None] - np.float32(at)) - np.float32(wide)
        elif kind == 1:
            at = rng.uniform(0.72, 0.9)
            left = rng.uniform(-0.3, 0.9)
            away = np.maximum(at - u[:, None], np.abs(u[None, :] - left) - rng.uniform(0.2, 0.5))
        else:
            x, y, r = rng.choice((0.0, 1.0)), rng.uniform(0.2, 1.0), rng.uniform(0.1, 0.28)
            away = np.hypot(u[None, :] - x, u[:, None] - y) - r
        self.cover = np.clip(0.5 - away / np.float32(soft), 0, 1).astype(np.float32)
        self.tint = (colour(rng) * 0.7).astype(np.float32)[:, None, None]

    def draw(self, picture: Array, exposures: int, pan: Array) -> None:
        """Over the picture, moved a little with the camera."""
        cover = np.roll(self.cover, round(float(pan[0]) * 0.3), 1)
        picture += (self.tint * exposures - picture) * cover


_NOISES: list[Array] = []


def _noise() -> Array:
    """Noise of a sensor, about one grey level strong; frames cut their pictures out of it."""
    if not _NOISES:
        side = _LARGEST + 256
        _NOISES.append(np.random.default_rng(7).standard_normal((side, side), np.float32))
    return _NOISES[0]


def _shorten(figure: Figure) -> None:
    """Keep a long way within what a camera that stands still can follow."""
    path = figure.joints[:, PELVIS] * (1, 1, 0)
    path = path - (path.max(0) + path.min(0)) / 2
    far = float(np.ptp(path, axis=0).max())
    if far > _FAR:
        less = -(1 - _FAR / far) * path
        figure.joints += less[:, None]
        for prop in figure.props:
            prop.a, prop.b = prop.a + less, prop.b + less


def _company(p: Performer, figure: Figure) -> None:
    """Now and then a seat behind somebody, or a bar above, that is not used."""
    goes = np.ptp(figure.joints[:, PELVIS, :2], axis=0).max() > 0.4
    if p.chance(0.25) and not goes:
        half = np.array((p.between(0.16, 0.24), p.between(0.2, 0.5), p.between(0.17, 0.28)))
        top = np.array((-p.between(0.55, 0.9), p.between(-0.2, 0.2), 2 * half[2]))
        figure.seat = np.stack((top, half))
    if not figure.props and p.chance(0.25):
        hold_something(p, figure)
    if p.chance(0.08):
        grey = p.between(0.1, 0.7)
        high = p.body.height * p.between(1.25, 1.4)
        figure.props += bar(p.n, high, p.between(0.6, 1.1), (grey, grey, grey))
