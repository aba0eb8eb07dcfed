"""Actions of arms, trunk and head of somebody who stands."""

from __future__ import annotations

import numpy as np

from movinet.synthetic.performer import DEGREES, Joined, Performer, swing, wave
from movinet.synthetic.skeleton import HAND, SIDES, WRIST, Figure, Limb, Prop, Reach, Swing
from movinet.synthetic.vectors import Array, smooth, turn, vector


def waving_hand(p: Performer) -> Figure:
    """A raised forearm to and fro."""
    raised = np.ones(p.n) if p.chance(0.75) else smooth(p.event(0.6)[0] * 1.0 + 0.5)
    lift = 0.15 + (p.degrees(65, 150) - 0.15) * raised
    beat = swing(p.phase(1.5)) * p.size
    way = p.degrees(25, 38) * beat
    if p.chance(0.3):  # the whole arm waves
        arm = Swing(lift + way * raised, p.degrees(60, 100), 0.3 + p.drift(0.1), (0.2, -0.5, 1.0))
    else:
        arm = Swing(
            lift,
            p.degrees(50, 100),
            p.degrees(55, 95) * raised + 0.2,
            (np.sin(way) * p.between(0.0, 0.5), -np.sin(way) * 1.2, np.cos(way)),
        )
    return p.stand(p.arms(arm))


def pumping_fist(p: Performer) -> Figure:
    """A bent arm up and down."""
    up = wave(p.phase(1.5, rests=True), p.between(0, 0.15), p.between(0, 0.15))
    low, high = p.degrees(55, 100), p.degrees(125, 165)
    arm = Swing(
        low + (high - low) * up * p.size,
        p.degrees(15, 75),
        p.degrees(100, 130) * (1 - up) + 0.15,
        (0.1, -0.2, 1.0),
    )
    other = arm if p.chance(0.15) else None
    return p.stand(p.arms(arm, other), sink=0.03 * (1 - up), pelvis=Joined(0.05 * (1 - up)))


def clapping(p: Performer) -> Figure:
    """Both hands together and apart."""
    gap = wave(p.phase(1.7), p.between(0.0, 0.2)) * p.between(0.14, 0.28) * p.size
    ahead = p.between(0.55, 0.85) * p.body.arm
    down = p.between(-0.45, 0.25) * p.body.arm
    arms: list[Limb] = []
    for _ in SIDES:
        target = vector(ahead + p.drift(0.01), 0.085 + gap, down + p.drift(0.015))
        arms.append(Reach(target, (0.0, 0.7, -1.0), near=True))
    return p.stand((arms[0], arms[1]), chest=Joined(p.between(-0.05, 0.25), p.drift(0.03)))


def stretching_arm(p: Performer) -> Figure:
    """One arm slowly over the head to the other side, or across the chest."""
    e = wave(p.phase(0.42, rests=True), p.between(0, 0.2), p.between(0.05, 0.3))
    side = SIDES[p.side]
    if p.chance(0.6):
        lift = p.degrees(15, 60)
        arm = Swing(
            lift + (p.degrees(165, 185) - lift) * e,
            p.degrees(75, 95),
            p.degrees(5, 40) * e + 0.1,
            (0.1, -1.0, 0.2),
        )
        over = p.degrees(14, 28) * p.size * e * side
        return p.stand(
            p.arms(arm),
            pelvis=Joined(0.0, 0.3 * over),
            chest=Joined(0.0, over, 0.0),
            shift=(0.0, 0.06 * e * side),
            width=p.between(0.2, 0.5),
        )
    reach = p.body.arm
    pull = 0.25 + 0.7 * (1 - e)
    led = Reach(
        vector(0.55 * reach + 0 * e, (0.9 * pull - 0.55) * reach, -0.12 * reach + p.drift(0.03)),
        (0.4, 1.0, -0.4),
        near=True,
    )
    other = Reach(
        vector(0.5 * reach + 0 * e, -0.05 * reach + 0.5 * pull * -reach * 0.4, -0.2 * reach),
        (0.2, 1.0, -1.0),
        near=True,
    )
    return p.stand(p.arms(led, other), chest=Joined(0.0, 0.0, -0.45 * e * side))


def front_raises(p: Performer) -> Figure:
    """Straight arms from hanging to forward."""
    hz, weights = 0.6, p.chance(0.3)
    cycles = p.phase(hz, rests=True)
    turns = p.chance(0.3)
    top = p.degrees(80, 110)
    low, high = p.between(0, 0.25), p.between(0, 0.15)
    arms: list[Limb] = []
    lifted = []
    for k in (0, 1):
        e = wave(cycles + (k / 2 if turns else 0), low + (0.25 if turns else 0), high)
        lifted.append(e)
        arms.append(Swing(0.1 + top * p.size * e, p.degrees(0, 15), 0.08 + p.drift(0.03)))
    back = 0.08 * (lifted[0] + lifted[1]) / 2
    figure = p.stand((arms[0], arms[1]), pelvis=Joined(-back))
    if weights:
        hold_weights(p, figure)
    return figure


def hold_something(p: Performer, figure: Figure) -> None:
    """A ball in a hand, or dumb-bells, that play no part."""
    if p.chance(0.4):
        hold_weights(p, figure)
        return
    hand = figure.joints[:, HAND + p.side]
    red, green, blue = p.rng.uniform(0.2, 0.95, 3)
    figure.props.append(Prop(hand, hand + 1e-3, p.between(0.035, 0.11), (red, green, blue)))


def hold_weights(p: Performer, figure: Figure) -> None:
    """A dumb-bell in each hand."""
    for k in (0, 1):
        hand = (figure.joints[:, HAND + k] + figure.joints[:, WRIST + k]) / 2
        bar = 0.09 * np.stack([-figure.front[:, 1], figure.front[:, 0], 0 * hand[:, 0]], -1)
        figure.props.append(Prop(hand - bar, hand + bar, 0.035, (0.15, 0.15, 0.17)))


def punching(p: Performer) -> Figure:
    """Straight punches from a guard, one hand or both in turns."""
    hz = 1.3
    cycles = p.phase(hz / 2, rests=True)
    arm = p.body.arm
    alone = p.chance(0.25)
    lead = SIDES[p.side]
    arms: list[Limb] = []
    twist = np.zeros(p.n)
    for k, side in enumerate(SIDES):
        own = cycles * 2 if alone else cycles + k / 2
        rest = 0.45 if alone else 0.62
        e = wave(own, rest, 0.02) * (0.0 if alone and k != p.side else 1.0)
        guard = vector(0.42 * arm, 0.12 * arm, -0.02 * arm)
        goal = vector(1.12 * arm, -0.12 * arm, p.between(-0.1, 0.15) * arm)
        target = guard + (goal - guard) * e[:, None] * min(1.0, p.size + 0.1)
        target = target + vector(p.drift(0.02, 1.5), p.drift(0.02, 1.5), p.drift(0.02, 1.5))
        arms.append(Reach(target, (-0.1, 0.6, -1.0), near=True))
        twist -= 0.5 * e * side
    bounce = np.abs(swing(p.phase(1.2)))
    return p.stand(
        (arms[0], arms[1]),
        sink=0.05 + 0.03 * bounce,
        width=p.between(0.2, 0.35),
        stagger=p.between(0.2, 0.45) * lead,
        pelvis=Joined(0.1, 0.0, 0.3 * twist - 0.3 * lead),
        chest=Joined(0.12, 0.0, twist * 0.8),
        head=p.head(0.1, 0.3 * lead),
    )


def throwing(p: Performer) -> Figure:
    """A ball from behind the head, again and again or once."""
    cycles = p.phase(0.65, rests=True)
    x = cycles % 1.0
    # 0 to 0.45 wind up, to 0.62 throw, to 1 back to rest.
    back = smooth(x / 0.4) - smooth((x - 0.45) / 0.12)
    through = smooth((x - 0.47) / 0.13) - smooth((x - 0.68) / 0.3)
    side = SIDES[p.side]
    below = p.chance(0.25)
    lift = 0.3 + (p.degrees(95, 130) - 0.3) * back + (p.degrees(55, 75) - 0.3) * through
    if below:  # underarm
        lift = 0.2 - 1.1 * back + 1.5 * through
    around = (0.3 + 1.5 * back + 0.0 * through) if not below else 0.15
    arm = Swing(
        lift,
        around,
        (0.4 + 1.4 * back - 0.2 * through) if not below else 0.2,
        (0.1, -0.3, 1.0) if not below else None,
    )
    other = Swing(0.25 + 0.9 * back, 0.4, 0.3 + 0.2 * back)
    twist = (-0.6 * back + 0.6 * through) * side
    step = p.between(0.15, 0.4) * through
    feet = [np.zeros((p.n, 3)), np.zeros((p.n, 3))]
    feet[1 - p.side] = vector(step, 0, 0.12 * wave(np.clip((x - 0.35) / 0.3, 0, 1)))
    figure = p.stand(
        p.arms(arm, other),
        pelvis=Joined(-0.1 * back + 0.25 * through, 0.0, twist * 0.5),
        chest=Joined(-0.1 * back + 0.25 * through, 0.0, twist * 0.7),
        shift=(-0.05 * back + step * 0.6, 0.0),
        feet=(feet[0], feet[1]),
        width=p.between(0.2, 0.35),
    )
    if p.chance(0.6):
        _ball(p, figure, cycles, 0.56)
    return figure


def _ball(p: Performer, figure: Figure, cycles: Array, release: float) -> None:
    """A ball in the hand until it is let go; then it flies, and a new one is there at the rest."""
    hand = figure.joints[:, HAND + p.side]
    x = cycles % 1.0
    gone = np.clip((x - release) / (0.6 * p.pace), 0, None)[:, None]
    speed = vector(p.between(4, 7), p.between(-0.5, 0.5), p.between(0.5, 2.5))
    # Where the hand was when it let go, by interpolation in time.
    let_go = np.stack([np.interp(p.t - gone[:, 0], p.t, hand[:, k]) for k in range(3)], -1)
    at = let_go + gone * speed - 4.9 * gone**2 * np.array([0, 0, 1.0])
    radius = p.between(0.035, 0.11)
    at[:, 2] = np.maximum(at[:, 2], radius)
    red, green, blue = p.rng.uniform(0.2, 0.95, 3)
    figure.props.append(Prop(at, at + 1e-3, radius, (red, green, blue)))


def bowing(p: Performer) -> Figure:
    """From the hips forward and up again."""
    e = wave(p.phase(0.45, rests=True), p.between(0.0, 0.15), p.between(0.05, 0.25))
    deep = p.degrees(50, 85) * p.size
    arms = p.relaxed(p.pick("hanging", "hanging", "behind", "hips"))
    if p.chance(0.4):
        hang = Swing(0.1 + 0.7 * deep * e, 0.1, 0.2)
        arms = (hang, hang)
    return p.stand(
        arms,
        pelvis=Joined(deep * e * 0.75),
        chest=Joined(deep * e * 0.4),
        head=p.head(0.2 * e),
        shift=(-0.14 * e * deep, 0.0),
    )


def headbanging(p: Performer) -> Figure:
    """The head hard forward and back, the trunk with it."""
    cycles = p.phase(1.6)
    e = wave(cycles, 0.0, 0.0)
    base = p.degrees(0, 30)
    trunk = p.degrees(8, 26) * p.size
    way = p.pick("hanging", "hips", "bent", "knees", "horns")
    if way == "knees":
        arms: tuple[Limb, Limb] = (Swing(0.5, 0.3, 0.3), Swing(0.5, 0.3, 0.3))
        base += 25 * DEGREES
    elif way == "horns":
        arms = p.arms(
            Swing(p.degrees(120, 160), p.degrees(30, 80), p.degrees(10, 50), (0, -0.2, 1))
        )
    else:
        arms = p.relaxed(way)
    side = p.between(-0.3, 0.3) * swing(cycles / 2)
    return p.stand(
        arms,
        pelvis=Joined(base * 0.6 + trunk * 0.4 * e),
        chest=Joined(base * 0.4 + trunk * e, side),
        head=Joined(p.degrees(-35, -20) + p.degrees(65, 95) * e, side),
        sink=0.04 * e,
        shift=(-0.05 * e, 0.0),
        stagger=p.between(-0.4, 0.4),
    )


def pirouetting(p: Performer) -> Figure:
    """Round and round on one leg."""
    way = 1 if p.chance(0.5) else -1
    angle = way * 2 * np.pi * p.phase(0.8)
    style = p.pick("round", "high", "wide", "chest")
    d = p.drift(0.05)
    arm = {
        "round": Swing(1.1 + d, 0.6, 0.7, (0.3, -1.0, 0.0)),
        "high": Swing(2.6 + d, 1.2, 0.6, (0.2, -1.0, 0.3)),
        "wide": Swing(1.45 + d, 1.4, 0.2),
        "chest": Swing(0.7 + d, 0.5, 1.7, (0.2, -1.0, 0.3)),
    }[style]
    lift = p.degrees(35, 75)
    raised = Swing(
        lift + p.drift(0.05), p.degrees(20, 80), lift * p.between(1.4, 1.9), (-0.3, -1, -0.7)
    )
    legs: list[Limb] = [Swing(0.0), Swing(0.0)]
    legs[p.side] = raised
    if p.chance(0.25):
        legs = [Swing(0.06, 1.5), Swing(0.06, 1.5)]
    figure = p.free((arm, arm), (legs[0], legs[1]), shift=(0.04 + 0 * d, p.drift(0.04)))
    return figure.place(turn(angle), vector(p.drift(0.05), p.drift(0.05), 0))
