"""Actions on the floor, on a bar, on a seat, and head over heels."""

from __future__ import annotations

import numpy as np

from movinet.synthetic.performer import Joined, Performer, swing, wave
from movinet.synthetic.skeleton import SIDES, Figure, Limb, Prop, Reach, Swing, build
from movinet.synthetic.vectors import Array, lean, smooth, tilt, vector

# How far the hips of a plank are above the line from shoulders to heels, in radians.
_HOLLOW = 0.0, 0.14


def _plank(
    p: Performer, high: Array, legs: tuple[Limb, Limb], width: float, hollow: float
) -> Figure:
    """Hands and toes on the floor, the neck `high` metres above it."""
    body = p.body
    toes = body.foot * 0.75
    slope = np.arcsin(np.clip((high - toes) / (body.leg + body.trunk), -0.3, 0.95))
    up = slope + hollow
    root = vector(body.leg * np.cos(up), 0.0, toes + body.leg * np.sin(up))
    arms: list[Limb] = []
    for side in SIDES:
        at = vector(body.leg + body.trunk * 0.95, side * width, body.hand + 0.02 + 0 * high)
        arms.append(Reach(at, (-0.7, side * 0.8, 0.2)))
    return build(
        body,
        root,
        lean(np.pi / 2 - up),
        Joined(2 * hollow + p.drift(0.02), p.drift(0.02)).matrix(p.n),
        Joined(p.between(-0.6, 0.0) + p.drift(0.05), 0.0, p.drift(0.1)).matrix(p.n),
        (arms[0], arms[1]),
        legs,
    )


def push_up(p: Performer) -> Figure:
    """Stiff as a plank, down and up on bent arms."""
    e = wave(p.phase(0.65, rests=True), p.between(0, 0.2), p.between(0, 0.15))
    top = p.body.arm * 0.96
    high = p.body.hand + top - e * p.between(0.45, 0.72) * p.size * p.body.arm
    leg = Swing(p.drift(0.02), 1.5, 0.03)
    return _plank(p, high, (leg, leg), p.body.shoulders * p.between(0.9, 1.5), p.between(*_HOLLOW))


def mountain_climber(p: Performer) -> Figure:
    """On the hands, the knees to the chest in turns."""
    cycles = p.phase(1.0, rests=p.chance(0.4))
    rest = p.between(0.3, 0.65)
    legs: list[Limb] = []
    for k in (0, 1):
        e = wave(cycles + k / 2, rest, 0.0) * p.size
        legs.append(
            Swing(
                p.degrees(75, 100) * e,
                0.05,
                p.degrees(110, 130) * np.sqrt(e) + 0.03,
                point=1.45 * np.minimum(4 * e, 1),
            )
        )
    high = np.full(p.n, p.body.hand + p.body.arm * 0.96) + p.drift(0.015)
    return _plank(
        p, high, (legs[0], legs[1]), p.body.shoulders * p.between(0.9, 1.5), p.between(*_HOLLOW)
    )


def situp(p: Performer) -> Figure:
    """From lying on the back up to the knees, and down."""
    body = p.body
    e = wave(p.phase(0.55, rests=True), p.between(0, 0.2), p.between(0, 0.12))
    up = e * p.degrees(60, 85) * p.size
    hip = 0.1 * body.belly + 0.02
    near = body.leg * p.between(0.62, 0.8)
    wide = p.between(0.05, 0.16)
    legs = [
        Reach(
            vector(np.full(p.n, near), side * wide + 0 * e, body.ankle + 0 * e),
            (0.4, side * 0.1, 1.0),
        )
        for side in SIDES
    ]
    style = p.pick("head", "head", "crossed", "front")
    if style == "front":
        arm = Swing(p.degrees(60, 100), 0.15, 0.1)
        arms: tuple[Limb, Limb] = (arm, arm)
    else:
        arms = p.relaxed(style)
    return build(
        body,
        vector(0 * e, 0 * e, hip),
        Joined(-np.pi / 2 + up * 0.75, p.drift(0.02)).matrix(p.n),
        Joined(up * 0.5, 0.0, p.drift(0.06)).matrix(p.n),
        Joined(0.25 + 0.2 * e, 0.0, p.drift(0.05)).matrix(p.n),
        arms,
        (legs[0], legs[1]),
    )


def bar(n: int, high: float, half: float, colour: tuple[float, float, float]) -> list[Prop]:
    """A bar across, on two posts."""
    ends = [np.tile((0.0, side * half, high), (n, 1)) for side in SIDES]
    props = [Prop(ends[0], ends[1], 0.02, colour)]
    for end in ends:
        props.append(Prop(end, end * (1, 1, 0), 0.03, colour))
    return props


def _hang(p: Performer, gap: Array, turned: Array, legs: tuple[Limb, Limb], grip: float) -> Figure:
    """Hanging by the hands from a bar, the neck `gap` metres under it."""
    body = p.body
    high = body.arm + body.trunk + body.leg + p.between(0.15, 0.5)
    down = _up(turned)
    root = vector(0 * gap, 0 * gap, high) - down * (gap + body.trunk)[:, None]
    arms: list[Limb] = []
    for side in SIDES:
        target = np.tile((0.0, side * grip, high - 0.02), (p.n, 1))
        arms.append(Reach(target, (-0.4, side * 1.0, -0.6)))
    figure = build(
        body,
        root,
        turned,
        Joined(p.drift(0.03)).matrix(p.n),
        p.head(-0.1).matrix(p.n),
        (arms[0], arms[1]),
        legs,
    )
    grey = p.between(0.1, 0.7)
    figure.props += bar(p.n, high, p.between(0.6, 1.1), (grey, grey, grey))
    return figure


def _up(turned: Array) -> Array:
    """Where up points."""
    return np.asarray(turned[..., 2])


def _dangling(p: Performer) -> tuple[Limb, Limb]:
    lift, bend = p.degrees(-5, 25), p.degrees(5, 95)
    return (
        Swing(lift + p.drift(0.06), 0.1, bend + p.drift(0.08)),
        Swing(lift + p.drift(0.06), 0.1, bend + p.drift(0.08)),
    )


def pull_ups(p: Performer) -> Figure:
    """Up to a bar and down again."""
    e = wave(p.phase(0.55, rests=True), p.between(0, 0.2), p.between(0, 0.12))
    reach = p.body.arm
    gap = reach * 0.95 - e * p.between(0.6, 0.85) * p.size * reach
    turned = Joined(p.drift(p.between(0.03, 0.2), 0.6) + 0.08 * e).matrix(p.n)
    return _hang(p, gap, turned, _dangling(p), p.body.shoulders * p.between(0.9, 1.4))


def swinging(p: Performer) -> Figure:
    """To and fro under a bar."""
    angle = p.degrees(14, 34) * p.size * swing(p.phase(0.5))
    turned = lean(angle + p.drift(0.02))
    gap = np.full(p.n, p.body.arm * p.between(0.82, 0.97))
    return _hang(p, gap, turned, _dangling(p), p.body.shoulders * p.between(0.9, 1.4))


def _seat(p: Performer, down: Array, active: Array) -> Figure:
    body = p.body
    high = body.shin * p.between(0.85, 1.15)
    behind = body.thigh * p.between(0.75, 0.95)
    stand = body.ankle + body.leg * 0.975
    sit = high + 0.09 * body.belly
    root = vector(-behind * down + p.drift(0.01), p.drift(0.01), stand + (sit - stand) * down)
    lean_forward = p.degrees(30, 50) * active + p.degrees(-8, 12) * down
    width = p.between(0.12, 0.3)
    legs = [
        Reach(np.tile((0.04, side * width / 2, body.ankle), (p.n, 1)), (1.0, side * 0.12, 0.0))
        for side in SIDES
    ]
    if p.chance(0.5):
        arm = Swing(0.15 + 0.6 * down + 0.5 * active, 0.2, 0.25 + 0.3 * down)
        arms: tuple[Limb, Limb] = (arm, arm)
    else:
        arms = p.relaxed(p.pick("hanging", "crossed", "bent"))
    figure = build(
        body,
        root,
        Joined(lean_forward * 0.8, p.drift(0.02)).matrix(p.n),
        Joined(lean_forward * 0.4 + p.drift(0.03), p.drift(0.03), p.drift(0.05)).matrix(p.n),
        p.head(-0.3 * active).matrix(p.n),
        arms,
        (legs[0], legs[1]),
    )
    figure.seated = True
    figure.seat = np.array(
        [[-behind - 0.06, 0.0, high], [p.between(0.16, 0.24), p.between(0.2, 0.5), high / 2]]
    )
    return figure


def sitting_down(p: Performer) -> Figure:
    """From standing onto a seat."""
    e, _ = p.event(1.1)
    return _seat(p, smooth(e), np.sin(np.pi * np.clip(e, 0, 1)))


def standing_up(p: Performer) -> Figure:
    """From a seat to standing."""
    e, _ = p.event(1.1)
    return _seat(p, 1 - smooth(e * 1.3 - 0.3), np.sin(np.pi * np.clip(e, 0, 1)) ** 0.8)


def falling_down(p: Performer) -> Figure:
    """From standing to lying on the floor."""
    e, _ = p.event(0.9)
    x = np.clip(e, 0, 1)
    fallen = smooth(x**1.5)
    crumple = np.sin(np.pi * x) * p.degrees(20, 70)
    way = p.between(-np.pi, np.pi)
    flat = p.degrees(78, 90) * fallen
    turned = _topple(flat, way)
    lie = p.degrees(0, 40) * fallen
    far = 0.45 * p.body.height * fallen
    fling = np.sin(np.pi * np.clip(x * 0.9, 0, 1)) * p.degrees(40, 110)
    arms = [
        Swing(0.15 + fling + p.degrees(0, 60) * fallen, p.between(0.2, 1.6), 0.2 + 0.5 * fallen)
        for _ in SIDES
    ]
    legs = [
        Swing(crumple + lie * p.between(0.3, 1.0), 0.2, 1.7 * crumple + lie * p.between(0.5, 1.5))
        for _ in SIDES
    ]
    return p.free(
        (arms[0], arms[1]),
        (legs[0], legs[1]),
        pelvis=turned,
        shift=(far * np.cos(way), far * np.sin(way)),
        chest=Joined(0.25 * crumple + p.drift(0.02), p.drift(0.02)),
        head=Joined(0.3 * crumple + p.drift(0.05), 0.0, p.drift(0.1)),
    )


def _topple(angle: Array, way: float) -> Array:
    """Leaning by `angle` to the side that `way` says: 0 forward, pi/2 left."""
    forward, left = np.cos(way), np.sin(way)
    k = np.array([[0, 0, forward], [0, 0, left], [-forward, -left, 0]])
    return np.asarray(
        np.eye(3) + np.sin(angle)[:, None, None] * k + (1 - np.cos(angle))[:, None, None] * (k @ k)
    )


def somersaulting(p: Performer) -> Figure:
    """Rolling forward over head and back."""
    cycles = p.phase(0.65, rests=True)
    x = cycles % 1.0
    tuck = smooth((x - 0.05) / 0.2) - smooth((x - 0.78) / 0.2)
    roll = smooth((x - 0.15) / 0.65)
    whole = np.floor(cycles) - np.floor(cycles[0])
    far = p.between(1.0, 1.3) * p.body.height / 1.7
    along = far * (whole + roll)
    arm = Swing(0.2 + 1.3 * tuck, 0.25, 0.2 + 0.7 * tuck * (1 - roll))
    leg = Swing(p.degrees(105, 125) * tuck, 0.12, p.degrees(115, 135) * tuck + 0.05)
    return p.free(
        (arm, arm),
        (leg, leg),
        pelvis=Joined(2 * np.pi * roll + p.degrees(10, 30) * tuck, p.drift(0.04)),
        chest=Joined(p.degrees(40, 60) * tuck),
        head=Joined(p.degrees(25, 50) * tuck),
        shift=(along - along.mean(), p.drift(0.03)),
    )


def cartwheeling(p: Performer) -> Figure:
    """Sidewise over the hands."""
    cycles = p.phase(0.65, rests=True)
    rest = p.between(0.0, 0.15)
    x = cycles % 1.0
    e = np.clip((x - rest / 2) / (1 - rest), 0, 1)
    active = smooth(np.minimum(e, 1 - e) / 0.12)
    round_ = e * 0.55 + smooth(e) * 0.45
    whole = np.floor(cycles) - np.floor(cycles[0])
    side = SIDES[p.side]
    far = p.between(1.5, 1.9) * p.body.height / 1.7
    along = -far * side * (whole + round_)
    arms = [
        Swing(0.3 + (p.degrees(150, 172) - 0.3) * active, 1.5, 0.1 + p.drift(0.04)) for _ in SIDES
    ]
    spread = p.degrees(30, 55) * p.size
    legs = [
        Swing(0.1 + spread * active * p.between(0.8, 1.2), 1.5, p.between(0.05, 0.3)) for _ in SIDES
    ]
    return p.free(
        (arms[0], arms[1]),
        (legs[0], legs[1]),
        pelvis=tilt(2 * np.pi * round_ * side)
        @ Joined(p.drift(0.04), 0.0, p.drift(0.1)).matrix(p.n),
        shift=(p.drift(0.03), along - along.mean()),
    )
