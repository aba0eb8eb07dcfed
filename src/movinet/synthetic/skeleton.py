"""From angles and contacts to joints: bones keep their lengths whatever the motion asks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from movinet.synthetic.body import Body
from movinet.synthetic.vectors import Array, across, rotate, unit, vector

PELVIS, SPINE, NECK, HEAD, CROWN = range(5)
SHOULDER, ELBOW, WRIST, HAND, HIP, KNEE, ANKLE, TOE = (5, 7, 9, 11, 13, 15, 17, 19)  # + 1: right
JOINTS = 21
SIDES = (1.0, -1.0)  # left, right

# Pairs of joints that keep their distance.
BONES = (
    (PELVIS, SPINE),
    (SPINE, NECK),
    (NECK, HEAD),
    (HEAD, CROWN),
    *(
        (a + k, b + k)
        for k in (0, 1)
        for a, b in (
            (SHOULDER, ELBOW),
            (ELBOW, WRIST),
            (WRIST, HAND),
            (HIP, KNEE),
            (KNEE, ANKLE),
            (ANKLE, TOE),
        )
    ),
    *((PELVIS, HIP + k) for k in (0, 1)),
    *((NECK, SHOULDER + k) for k in (0, 1)),
)


@dataclass(frozen=True)
class Swing:
    """A limb by angles, in radians, seen from the part that it hangs on.

    `lift` is 0 for hanging down and pi for straight up; `around` is where to: 0 forward, pi/2 to
    the limb's own side. `bend` is that of elbow or knee, towards `hint` (x forward, y to the own
    side, z up), which is left out for the natural way. `point` stretches the foot along the shin.
    """

    lift: ArrayLike
    around: ArrayLike = 0.0
    bend: ArrayLike = 0.0
    hint: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None
    point: ArrayLike = 0.0


@dataclass(frozen=True)
class Reach:
    """A limb by where its wrist or ankle is, `[N, 3]`, and which way elbow or knee point.

    With `near`, both are relative to the neck and turn with the chest, with y to the own side.
    """

    target: Array
    pole: tuple[ArrayLike, ArrayLike, ArrayLike]
    near: bool = False


Limb = Swing | Reach


@dataclass
class Prop:
    """A thing in the scene: a rounded stick from `a` to `b`, `[N, 3]`, with its radii in metres."""

    a: Array
    b: Array
    radius: float
    colour: tuple[float, float, float] = (0.3, 0.3, 0.3)


@dataclass
class Figure:
    """Joints `[N, 21, 3]`, where the chest and the face look `[N, 3]`, and things it handles."""

    joints: Array
    front: Array
    face: Array
    props: list[Prop] = field(default_factory=list)
    seat: Array | None = None  # middle of the top and half sizes: [2, 3]
    seated: bool = False  # whether it uses the seat

    def place(self, matrix: Array, shift: Array) -> Figure:
        """The figure and its things turned by `matrix` and moved by `shift`."""

        def moved(points: Array) -> Array:
            return rotate(matrix, points) + shift

        self.joints = rotate(matrix[..., None, :, :], self.joints) + shift[..., None, :]
        self.front, self.face = rotate(matrix, self.front), rotate(matrix, self.face)
        for prop in self.props:
            prop.a, prop.b = moved(prop.a), moved(prop.b)
        return self


def _hang(limb: Swing, parent: Array, side: float, leg: bool) -> tuple[Array, Array, Array]:
    """Directions of upper and lower bone, and where knee or elbow bend to."""
    lift, around = np.asarray(limb.lift), np.asarray(limb.around)
    upper = vector(
        np.sin(lift) * np.cos(around), side * np.sin(lift) * np.sin(around), -np.cos(lift)
    )
    x, y, z = upper[..., 0], np.abs(upper[..., 1]), upper[..., 2]
    if limb.hint is not None:
        hint = vector(limb.hint[0], side * np.asarray(limb.hint[1]), limb.hint[2])
    elif leg:
        hint = vector(z - 0.05, 0, -x - 0.3 * y)
    else:
        hint = vector(-z + 0.3 * y, 0, x + 0.3 * y)
    upper, hint = rotate(parent, upper), rotate(parent, hint)
    hint = across(hint, upper)
    c, s = np.cos(limb.bend)[..., None], np.sin(limb.bend)[..., None]
    return upper, c * upper + s * hint, c * hint - s * upper


def _solve(root: Array, target: Array, a: float, b: float, pole: Array) -> tuple[Array, Array]:
    """Directions of two bones from `root` that end at `target`, or as near as they can."""
    way = target - root
    far = np.sqrt((way * way).sum(-1, keepdims=True))
    u = way / np.maximum(far, 1e-9)
    far = np.clip(far, abs(a - b) + 1e-3, (a + b) * 0.9995)
    cos = (a * a + far * far - b * b) / (2 * a * far)
    upper = u * cos + across(pole, u) * np.sqrt(np.maximum(1 - cos * cos, 0))
    return upper, unit(u * far - a * upper)


def build(
    body: Body,
    root: Array,
    pelvis: Array,
    chest: Array,
    head: Array,
    arms: tuple[Limb, Limb],
    legs: tuple[Limb, Limb],
    *,
    hop: ArrayLike | None = None,
) -> Figure:
    """The figure with its pelvis at `root` `[N, 3]`, turned by `pelvis` `[N, 3, 3]`.

    `chest` is relative to `pelvis`, `head` to the chest. With `hop`, in metres, the figure is
    lifted or lowered so that its lowest joint is that much above the floor.
    """
    n = len(root)
    joints = np.empty((n, JOINTS, 3))
    x, z = (np.broadcast_to(np.eye(3)[k], (n, 3)) for k in (0, 2))
    torso = pelvis @ chest
    skull = torso @ head
    joints[:, PELVIS] = root
    joints[:, SPINE] = root + rotate(pelvis, z) * body.waist
    joints[:, NECK] = joints[:, SPINE] + rotate(torso, z) * body.chest
    joints[:, HEAD] = joints[:, NECK] + rotate(skull, z) * (body.neck + body.head)
    joints[:, CROWN] = joints[:, HEAD] + rotate(skull, z) * body.head * 0.5
    for k, side in enumerate(SIDES):
        shoulder = joints[:, NECK] + rotate(
            torso, vector(0, side * body.shoulders, -0.25 * body.neck)
        )
        arm = arms[k]
        if isinstance(arm, Swing):
            upper, lower, _ = _hang(arm, torso, side, leg=False)
        else:
            target, pole = arm.target, vector(*arm.pole)
            if arm.near:
                mirror = np.array((1.0, side, 1.0))
                target = joints[:, NECK] + rotate(torso, target * mirror)
                pole = rotate(torso, pole * mirror)
            upper, lower = _solve(shoulder, target, body.upper_arm, body.forearm, pole)
        joints[:, SHOULDER + k] = shoulder
        joints[:, ELBOW + k] = shoulder + upper * body.upper_arm
        joints[:, WRIST + k] = joints[:, ELBOW + k] + lower * body.forearm
        joints[:, HAND + k] = joints[:, WRIST + k] + lower * body.hand

        hip = root + rotate(pelvis, vector(0, side * body.hips, 0))
        leg = legs[k]
        if isinstance(leg, Swing):
            upper, lower, back = _hang(leg, pelvis, side, leg=True)
            c, s = np.cos(leg.point)[..., None], np.sin(leg.point)[..., None]
            toe = s * lower - c * back
        else:
            pole = vector(*leg.pole)
            upper, lower = _solve(hip, leg.target, body.thigh, body.shin, pole)
            toe = unit(pole * (1, 1, 0) + 1e-6 * x)
        joints[:, HIP + k] = hip
        joints[:, KNEE + k] = hip + upper * body.thigh
        joints[:, ANKLE + k] = joints[:, KNEE + k] + lower * body.shin
        joints[:, TOE + k] = joints[:, ANKLE + k] + toe * body.foot
    if hop is not None:
        low = (joints[..., 2] - _flesh(body)).min(1)
        joints[..., 2] += (np.asarray(hop) - low)[..., None]
    return Figure(joints, rotate(torso, x), rotate(skull, x))


def _flesh(body: Body) -> Array:
    """How far the skin is below each joint, in metres."""
    pad = np.full(JOINTS, 0.03 * body.girth)
    pad[[PELVIS, SPINE, NECK]] = 0.1 * body.belly
    pad[[HEAD, CROWN]] = body.head
    pad[[ANKLE, ANKLE + 1, TOE, TOE + 1]] = body.ankle
    return pad
