"""Who performs: a body, moments, and one way of moving, with helpers that actions are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from movinet.synthetic.body import Body
from movinet.synthetic.skeleton import SIDES, Figure, Limb, Reach, Swing, build
from movinet.synthetic.vectors import Array, lean, smooth, tilt, turn, vector

DEGREES = np.pi / 180
# Ways to hold the arms that every action shares with whoever does nothing.
RELAXED = (
    *("hanging",) * 4,
    *("together", "guard", "bent") * 2,
    *("hips", "crossed", "behind", "head", "ahead"),
)


@dataclass(frozen=True)
class Joined:
    """Angles of a part against the part below it, in radians: forward, to the right, to the left
    about the upright axis."""

    forward: ArrayLike = 0.0
    right: ArrayLike = 0.0
    left: ArrayLike = 0.0

    def matrix(self, n: int) -> Array:
        """As rotations `[n, 3, 3]`."""
        f, r, w = (np.broadcast_to(a, n) for a in (self.forward, self.right, self.left))
        return turn(w) @ lean(f) @ tilt(r)


class Performer:
    """One body at the moments `t` (seconds, `[N]`); draws all that is random from `rng`."""

    def __init__(self, rng: np.random.Generator, body: Body, t: Array, seconds: float) -> None:
        self.rng, self.body, self.t, self.seconds = rng, body, t, seconds
        self.n = len(t)
        self.pace = rng.uniform(0.7, 1.4)
        self.size = rng.uniform(0.75, 1.1)
        self.side = int(rng.integers(2))  # the limb that leads: 0 left, 1 right
        self.stand_width = rng.uniform(0.12, 0.34)
        self.stagger = rng.normal(0, 0.06)
        self.knees = rng.uniform(0.0, 0.04)
        self.sway = rng.uniform(0.3, 1.5)

    # -- chance and time ------------------------------------------------
    def chance(self, share: float) -> bool:
        """True in that share of clips."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number from a range."""
        return float(self.rng.uniform(low, high))

    def degrees(self, low: float, high: float) -> float:
        """An angle from a range of degrees, in radians."""
        return self.between(low, high) * DEGREES

    def pick(self, *names: str) -> str:
        """One of some names."""
        return names[int(self.rng.integers(len(names)))]

    def drift(self, scale: float, hz: float = 0.5) -> Array:
        """Small wandering, never the same twice: `[N]`, about `scale` large."""
        total = np.zeros(self.n)
        for _ in range(3):
            speed, start = self.rng.uniform(0.3, 1.3) * hz, self.rng.uniform(0, 2 * np.pi)
            total += np.sin(2 * np.pi * speed * self.t + start)
        return total * scale / 1.7

    def phase(self, hz: float, wobble: float = 0.03, *, rests: bool = False) -> Array:
        """Cycles done, from a random start, at `hz` by usual pace.

        With `rests`, there may be a rest before each whole cycle, longer in some clips than in
        others: who rests looks like somebody who does nothing.
        """
        # No rest takes more than 0.4 of a clip, or little of the action would be seen.
        most = min(0.4 * self.seconds, 1.2) * hz * self.pace
        most = min(most / (1 + 0.6 * most), 0.55)
        rest = 0.0 if not rests or self.chance(0.25) else self.between(0.2, 1.0) * most
        rate = hz * self.pace * (1 - 0.6 * rest)
        cycles = self.rng.random() + rate * self.t + self.drift(wobble, 0.6) * (1 - rest)
        whole = np.floor(cycles)
        return np.asarray(whole + np.minimum((cycles - whole) / (1 - rest), 1.0 - 1e-9))

    def event(self, length: float) -> tuple[Array, float]:
        """Something that happens once, wholly in the clip: 0 before, to 1 after; and its length."""
        length = min(length / self.pace, 0.85 * self.seconds)
        begin = self.between(0.02, 0.98) * (self.seconds - length)
        return (self.t - begin) / length, length

    # -- ways to stand ---------------------------------------------------
    def relaxed(self, style: str | None = None) -> tuple[Limb, Limb]:
        """Both arms doing nothing, in one of several ways."""
        style = style or self.pick(*RELAXED)
        arms: list[Limb] = []
        for _ in SIDES:
            a, b = self.drift(0.06), self.drift(0.08)
            if style == "hips":
                arms.append(Swing(0.75 + a, 1.9, self.degrees(85, 105) + b, (0.15, -1.0, -0.45)))
            elif style == "crossed":
                arms.append(Swing(0.45 + a, 0.35, self.degrees(95, 110) + b, (0.3, -1.0, 0.15)))
            elif style == "bent":
                arms.append(Swing(0.25 + a, 0.5, self.degrees(50, 110) + b))
            elif style == "together":
                held = Reach(
                    vector(
                        self.body.arm * self.between(0.6, 0.8) + a * 0.2,
                        0.09 + 0.04 * self.drift(0.4),
                        self.body.arm * self.between(-0.4, 0.1) + b * 0.2,
                    ),
                    (0.0, 0.7, -1.0),
                    near=True,
                )
                arms.append(held)
            elif style == "guard":
                raised = self.body.arm * vector(0.42 + a, 0.12 + 0.5 * a, -0.02 + b)
                arms.append(Reach(raised, (-0.1, 0.6, -1.0), near=True))
            elif style == "ahead":
                arms.append(Swing(self.degrees(60, 95) + a, 0.15, 0.15 + b))
            elif style == "behind":
                arms.append(Swing(0.45 + a, 2.5, self.degrees(50, 70) + b, (-0.2, -1.0, 0.0)))
            elif style == "head":
                arms.append(Swing(2.0 + a, 1.1, self.degrees(125, 140) + b, (-0.3, -0.7, 1.0)))
            else:
                swing = self.between(0.05, 0.3)
                arms.append(Swing(swing + a, self.between(0.6, 2.0), self.between(0.1, 0.4) + b))
        return arms[0], arms[1]

    def arms(self, led: Limb, other: Limb | None = None) -> tuple[Limb, Limb]:
        """The leading arm does `led`; the other one `other`, or nothing much."""
        rest = other or self.relaxed("hanging" if self.chance(0.7) else "hips")[1 - self.side]
        return (led, rest) if self.side == 0 else (rest, led)

    def head(self, forward: ArrayLike = 0.0, left: ArrayLike = 0.0) -> Joined:
        """A head that is never quite still."""
        return Joined(
            self.drift(0.07) + np.asarray(forward),
            self.drift(0.04),
            self.drift(0.2, 0.3) + np.asarray(left),
        )

    def stand(
        self,
        arms: tuple[Limb, Limb],
        *,
        sink: ArrayLike = 0.0,
        shift: tuple[ArrayLike, ArrayLike] = (0.0, 0.0),
        pelvis: Joined | None = None,
        chest: Joined | None = None,
        head: Joined | None = None,
        width: float | None = None,
        stagger: float | None = None,
        feet: tuple[Array, Array] | None = None,
        knees_out: float = 0.15,
    ) -> Figure:
        """On two feet that stay where they are, or where `feet` (`[N, 3]` from there) puts them."""
        body, n = self.body, self.n
        width = self.stand_width if width is None else width
        stagger = self.stagger if stagger is None else stagger
        pelvis = pelvis or Joined()
        pelvis = Joined(
            self.drift(0.02) + np.asarray(pelvis.forward),
            self.drift(0.02 * self.sway) + np.asarray(pelvis.right),
            self.drift(0.05 * self.sway) + np.asarray(pelvis.left),
        )
        turned = pelvis.matrix(n)
        x = self.drift(0.015 * self.sway) + np.asarray(shift[0])
        y = self.drift(0.02 * self.sway) + np.asarray(shift[1])
        reach = np.full(n, np.inf)
        ankles: list[Array] = []
        for k, side in enumerate(SIDES):
            at = vector(side * stagger / 2, side * width / 2, body.ankle) + np.zeros((n, 1))
            if feet is not None:
                at = at + feet[k]
            ankles.append(at)
            hip = turned[:, :, 1] * side * body.hips
            gap = (at[:, 0] - x - hip[:, 0]) ** 2 + (at[:, 1] - y - hip[:, 1]) ** 2
            long = np.sqrt(np.maximum((body.leg * 0.995) ** 2 - gap, 0.01))
            reach = np.minimum(reach, at[:, 2] + long - hip[:, 2])
        z = reach - np.asarray(sink) - self.knees * body.leg
        legs = tuple(
            Reach(at, (1.0, side * knees_out, 0.0)) for at, side in zip(ankles, SIDES, strict=True)
        )
        return build(
            body,
            vector(x, y, z),
            turned,
            (chest or Joined(self.drift(0.03), self.drift(0.03), self.drift(0.05))).matrix(n),
            (head or self.head()).matrix(n),
            arms,
            (legs[0], legs[1]),
        )

    def free(
        self,
        arms: tuple[Limb, Limb],
        legs: tuple[Limb, Limb],
        *,
        hop: ArrayLike = 0.0,
        shift: tuple[ArrayLike, ArrayLike] = (0.0, 0.0),
        pelvis: Joined | Array | None = None,
        chest: Joined | None = None,
        head: Joined | None = None,
    ) -> Figure:
        """A figure by its angles alone; whatever part is lowest is `hop` metres above the floor."""
        turned = pelvis if isinstance(pelvis, np.ndarray) else (pelvis or Joined()).matrix(self.n)
        root = vector(shift[0], shift[1], np.ones(self.n))
        return build(
            self.body,
            root,
            turned,
            (chest or Joined(self.drift(0.04), self.drift(0.04), self.drift(0.06))).matrix(self.n),
            (head or self.head()).matrix(self.n),
            arms,
            legs,
            hop=hop,
        )

    def travel(self, speed: float) -> tuple[Array, Array]:
        """Metres forward and sidewise of somebody who goes at `speed`, middle of the clip at 0."""
        return speed * (self.t - self.seconds / 2), self.drift(0.05, 0.3)


def wave(cycles: Array, low: float = 0.0, high: float = 0.0) -> Array:
    """0 to 1 and back in each cycle, resting for the shares `low` and `high` of it at the ends."""
    part = (1 - low - high) / 2
    x = np.asarray(cycles) % 1.0
    return np.asarray(smooth(x / part) - smooth((x - part - high) / part))


def swing(cycles: Array) -> Array:
    """-1 to 1 and back."""
    return np.asarray(np.sin(2 * np.pi * cycles))
