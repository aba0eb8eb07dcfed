"""The class that does none of the actions: standing, looking about, walking, turning."""

from __future__ import annotations

import numpy as np

from movinet.synthetic.performer import Performer, swing
from movinet.synthetic.skeleton import Figure, Limb, Swing
from movinet.synthetic.vectors import smooth, turn, vector


def stride(
    p: Performer, hz: float, lift: float, knee: float, speed: float, bounce: float
) -> Figure:
    """Steps: lift of the thigh and bend of the knee in radians, metres a second, metres of hop."""
    cycles = p.phase(hz)
    arms: list[Limb] = []
    legs: list[Limb] = []
    swinging, bend = p.between(0.5, 1.1) * lift, p.between(0.2, 0.6) + bounce * 12
    for k in (0, 1):
        step = swing(cycles + k / 2)
        legs.append(
            Swing(
                lift * (0.25 + step),
                0.0,
                0.12 + knee * np.clip(swing(cycles + k / 2 + 0.16), 0, 1),
            )
        )
        arms.append(Swing(-swinging * step + 0.1, p.between(0.1, 0.4), bend + 0.2 * p.drift(0.3)))
    return p.free(
        (arms[0], arms[1]),
        (legs[0], legs[1]),
        shift=p.travel(speed),
        hop=bounce * np.abs(swing(cycles + 0.12)),
    )


def _walking(p: Performer) -> Figure:
    on_the_spot = p.chance(0.25)
    figure = stride(
        p,
        0.85,
        p.degrees(18, 27),
        p.degrees(30, 50),
        0.0 if on_the_spot else p.pace * p.body.leg * p.between(1.0, 1.5),
        0.0,
    )
    if p.chance(0.3):
        bow = turn(p.between(-0.5, 0.5) * (p.t - p.seconds / 2))
        figure.place(bow, vector(0, 0, 0))
    return figure


def _scratching(p: Performer) -> Figure:
    at = p.degrees(130, 150) + p.degrees(4, 9) * swing(p.phase(2.2))
    return p.stand(p.arms(Swing(p.degrees(75, 110), p.degrees(40, 80), at, (-0.1, -1.0, 0.8))))


def _holding(p: Performer) -> Figure:
    held = Swing(
        p.degrees(60, 170) + p.drift(0.05),
        p.degrees(0, 90),
        p.degrees(0, 70) + p.drift(0.05),
        (0.2, -0.2, 1.0),
    )
    both = (held, held) if p.chance(0.3) else p.arms(held)
    return p.stand(both)


def _looking(p: Performer) -> Figure:
    return p.stand(
        p.relaxed(),
        head=p.head(p.between(-0.2, 0.4), p.between(0.4, 0.9) * swing(p.phase(0.35))),
    )


def _shifting(p: Performer) -> Figure:
    side = swing(p.phase(0.4))
    return p.stand(p.relaxed(), shift=(0.0, 0.08 * side), width=p.between(0.25, 0.45))


def _turning(p: Performer) -> Figure:
    e, _ = p.event(1.6)
    angle = p.between(0.8, 2.6) * (1 if p.chance(0.5) else -1) * smooth(e)
    steps = swing(p.phase(1.0)) * ((e > 0) & (e < 1))
    lift = p.degrees(8, 18)
    legs = [
        Swing(lift * np.clip(s, 0, 1), 0.0, 2 * lift * np.clip(s, 0, 1)) for s in (steps, -steps)
    ]
    figure = p.free(p.relaxed(), (legs[0], legs[1]))
    return figure.place(turn(angle), vector(0, 0, 0))


def _moving_arms(p: Performer) -> Figure:
    """From one idle way of holding the arms to another."""
    e, _ = p.event(1.2)
    mix = smooth(e)
    arms: list[Limb] = []
    for k in (0, 1):
        a, b = (p.degrees(5, 15), p.degrees(5, 30)), (p.degrees(15, 70), p.degrees(60, 120))
        if p.chance(0.3) and k != p.side:
            b = a
        arms.append(
            Swing(
                a[0] + (b[0] - a[0]) * mix + p.drift(0.05),
                p.degrees(10, 70),
                a[1] + (b[1] - a[1]) * mix + p.drift(0.05),
                (1.0, -0.6, 0.3),
            )
        )
    return p.stand((arms[0], arms[1]))


def idle(p: Performer) -> Figure:
    """One of the ways of doing nothing in particular."""
    ways = (
        (_walking, 0.36),
        (_looking, 0.16),
        (_shifting, 0.12),
        (_scratching, 0.08),
        (_holding, 0.1),
        (_turning, 0.1),
        (_moving_arms, 0.08),
    )
    x = p.rng.random()
    for way, share in ways:
        x -= share
        if x < 0:
            return way(p)
    return p.stand(p.relaxed())
