"""Actions of somebody on his feet in which the legs do the work."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from movinet.synthetic.performer import RELAXED, Joined, Performer, swing, wave
from movinet.synthetic.skeleton import HAND, SIDES, Figure, Limb, Prop, Swing
from movinet.synthetic.standing import stride
from movinet.synthetic.vectors import Array, smooth, vector


def jumping_jacks(p: Performer) -> Figure:
    """Arms and legs apart and together, jumping."""
    e = wave(p.phase(1.0, rests=True), p.between(0, 0.12), p.between(0, 0.08))
    spread = p.degrees(22, 34) * p.size
    hop = p.between(0.03, 0.1) * 4 * e * (1 - e)
    top = p.degrees(125, 172)
    arms = [Swing(0.1 + (top + p.drift(0.06) - 0.1) * e, 1.5, 0.12 + p.drift(0.05)) for _ in SIDES]
    legs = [Swing(0.05 + spread * e, 1.5, 0.08 + 0.3 * e * (1 - e)) for _ in SIDES]
    return p.free(
        (arms[0], arms[1]), (legs[0], legs[1]), hop=hop, shift=(p.drift(0.03), p.drift(0.03))
    )


def squat(p: Performer) -> Figure:
    """Down with bent knees and up again."""
    e = wave(p.phase(0.6, rests=True), p.between(0, 0.2), p.between(0, 0.15))
    style = p.pick("front", "raise", *RELAXED)
    if style == "front":
        arm = Swing(1.45 + p.drift(0.05), 0.15, 0.15)
        arms: tuple[Limb, Limb] = (arm, arm)
    elif style == "raise":
        arm = Swing(0.15 + 1.35 * e, 0.15, 0.15)
        arms = (arm, arm)
    else:
        arms = p.relaxed(style)
    return p.stand(
        arms,
        sink=e * p.between(0.3, 0.55) * p.size * p.body.leg,
        shift=(-0.16 * e, 0.0),
        pelvis=Joined(p.degrees(15, 35) * e),
        chest=Joined(p.degrees(0, 12) * e),
        width=p.between(0.3, 0.5),
        knees_out=p.between(0.2, 0.6),
        head=p.head(-0.3 * e),
    )


def lunge(p: Performer) -> Figure:
    """A long step, down and back, the same leg or both in turns."""
    cycles = p.phase(0.55, rests=True)
    turns = p.chance(0.6)
    feet: list[Array] = []
    down = np.zeros(p.n)
    ahead = np.zeros(p.n)
    way = -1 if p.chance(0.25) else 1
    far = p.between(0.75, 1.05) * p.size * p.body.leg * way
    x = cycles % 1.0
    e = smooth(x / 0.3) - smooth((x - 0.6) / 0.3)
    moving = 4 * e * (1 - e)
    for k in (0, 1):
        mine = (np.floor(cycles) % 2 == k) if turns else np.full(p.n, k == p.side)
        feet.append(vector(far * e * mine, 0 * e, 0.1 * moving * mine))
    ahead = far * e * 0.5
    down = smooth((x - 0.15) / 0.25) - smooth((x - 0.5) / 0.3)
    arms = p.relaxed()
    return p.stand(
        arms,
        sink=down * p.between(0.14, 0.26) * p.size * p.body.leg,
        shift=(ahead, 0.0),
        pelvis=Joined(p.degrees(0, 12) * e),
        feet=(feet[0], feet[1]),
    )


def jogging(p: Performer) -> Figure:
    """Running lightly, on the spot or along."""
    on_the_spot = p.chance(0.4)
    speed = 0.0 if on_the_spot else p.between(1.2, 2.2) * p.pace
    return stride(p, 1.35, p.degrees(26, 42), p.degrees(65, 105), speed, p.between(0.05, 0.09))


def marching(p: Performer) -> Figure:
    """Knees high in turns, arms swinging straight."""
    cycles = p.phase(0.9, rests=p.chance(0.4))
    high, out = p.degrees(55, 90) * p.size, p.degrees(20, 55)
    bend = p.between(0.05, 0.5) if p.chance(0.5) else p.between(0.5, 1.7)
    speed = 0.0 if p.chance(0.5) else p.between(0.4, 0.9) * p.pace
    legs: list[Limb] = []
    arms: list[Limb] = []
    for k in (0, 1):
        e = wave(cycles + k / 2, 0.42, 0.04)
        legs.append(Swing(high * e, 0.05, high * e * p.between(0.9, 1.2) + 0.04))
        arms.append(Swing(-out * swing(cycles + k / 2 + 0.02) + 0.15, 0.1, bend + p.drift(0.04)))
    return p.free((arms[0], arms[1]), (legs[0], legs[1]), shift=p.travel(speed))


def high_kick(p: Performer) -> Figure:
    """A straight leg up in front."""
    return _kick(p, forward=True)


def side_kick(p: Performer) -> Figure:
    """A bent leg raised, then stretched to the side."""
    return _kick(p, forward=False)


def _kick(p: Performer, *, forward: bool) -> Figure:
    cycles = p.phase(0.68, rests=True)
    turns = p.chance(0.4)
    x = cycles % 1.0
    up = smooth((x - 0.1) / 0.22) - smooth((x - 0.42) / 0.28)
    out = smooth((x - 0.24) / 0.14) - smooth((x - 0.44) / 0.14)
    legs: list[Limb] = []
    roll = np.zeros(p.n)
    tops = p.degrees(85, 135) * p.size, p.degrees(65, 95) * p.size
    shins = p.between(0.0, 0.7), p.degrees(80, 120)
    for k, side in enumerate(SIDES):
        mine = (np.floor(cycles) % 2 == k) if turns else np.full(p.n, k == p.side)
        if forward:
            legs.append(
                Swing(
                    tops[0] * up * mine,
                    0.05,
                    0.06 + shins[0] * up * (1 - out) * mine,
                    point=0.7 * up * mine,
                )
            )
        else:
            bend = shins[1] * up * (1 - out) * mine
            around = (0.35 + 1.15 * out) * mine
            legs.append(Swing(tops[1] * up * mine, around, 0.06 + bend, (-0.4, -1.0, -0.8)))
            roll += 0.5 * out * mine * side
    back = 0.22 * up * p.size if forward else 0.05 * up
    if p.chance(0.3):
        guard = Swing(0.6 + p.drift(0.08), 0.35, 2.0 + p.drift(0.1), (0.3, -0.5, 1.0))
        spread = Swing(0.5 + 0.5 * up, 1.2, 0.8 + 0.3 * (1 - up))
        arms: tuple[Limb, Limb] = (guard, guard) if p.chance(0.5) else (spread, spread)
    else:
        arms = p.relaxed()
    return p.free(
        arms,
        (legs[0], legs[1]),
        pelvis=Joined(-back, roll, p.drift(0.08)),
        chest=Joined(back * 0.7, -0.3 * roll),
        shift=(p.drift(0.03), p.drift(0.03)),
    )


def skipping_rope(p: Performer) -> Figure:
    """Small jumps over a rope that turns."""
    cycles = p.phase(1.6)
    hop = p.between(0.06, 0.14) * np.clip(swing(cycles), 0, 1)
    turning = 2 * np.pi * (cycles + 0.5)
    out = p.degrees(10, 30)
    small = p.between(0.05, 0.2)
    arm = Swing(
        out + small * np.sin(turning) * 0.5,
        1.3,
        p.degrees(45, 80) + small * np.cos(turning),
        (0.7 + small * np.sin(turning), 0.8, 0.2 + small * np.cos(turning)),
    )
    bent = 0.15 + 0.35 * np.clip(-swing(cycles), 0, 1)
    legs: list[Limb] = []
    steps = p.chance(0.3)
    for k in (0, 1):
        up = 0.5 * wave(cycles / 2 + k / 2, 0.3) if steps else 0
        legs.append(Swing(0.5 * bent + up, 0.1, bent + 1.6 * np.asarray(up)))
    figure = p.free((arm, arm), (legs[0], legs[1]), hop=hop)
    if p.chance(0.5):
        _rope(p, figure, turning)
    return figure


def _rope(p: Performer, figure: Figure, turning: Array) -> None:
    left, right = figure.joints[:, HAND], figure.joints[:, HAND + 1]
    long = p.body.height * 0.55
    red, green, blue = p.rng.uniform(0.05, 0.95, 3)
    points = []
    for s in np.linspace(0, 1, 9):
        bulge = np.sin(np.pi * s) ** 0.6
        radius = bulge * (left[:, 2] + long) * 0.5
        middle = left + (right - left) * s
        wide = (s - 0.5) * -0.25 * bulge
        points.append(
            middle + vector(radius * np.sin(turning), wide * -1.0, -radius * np.cos(turning))
        )
    for a, b in pairwise(points):
        figure.props.append(Prop(a, b, 0.008, (red, green, blue)))
