"""A figure's parts as sticks around its bones, and those of its things, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movinet.synthetic.body import Body
from movinet.synthetic.drawing import Paint
from movinet.synthetic.looks import Look
from movinet.synthetic.skeleton import (
    ANKLE,
    CROWN,
    ELBOW,
    HAND,
    HEAD,
    HIP,
    JOINTS,
    KNEE,
    NECK,
    PELVIS,
    SHOULDER,
    SPINE,
    TOE,
    WRIST,
    Figure,
)
from movinet.synthetic.vectors import Array

# Points beside the joints.
HAIR, HAIR_END, NOSE = JOINTS, JOINTS + 1, JOINTS + 2
SIDE, LOIN, HEM, MIDDLE = JOINTS + 3, JOINTS + 5, JOINTS + 7, JOINTS + 8
SHADOWS = (
    (PELVIS, NECK),
    (NECK, HEAD),
    *(
        (a + k, b + k)
        for k in (0, 1)
        for a, b in ((HIP, KNEE), (KNEE, ANKLE), (SHOULDER, ELBOW), (ELBOW, HAND))
    ),
)


@dataclass(frozen=True)
class Part:
    """Sticks `(point, point, radius, radius)` in metres drawn as one; its depth is their mean.

    `nearer` is added to the depth, in metres, to put it before or behind what it is part of.
    """

    sticks: tuple[tuple[int, int, float, float], ...]
    paint: Paint
    nearer: float = 0.0
    low: bool = False  # a shin or a foot, that may be hidden by a seat


def points(figure: Figure, body: Body, hairstyle: str) -> Array:
    """All points that parts are made of, `[N, P, 3]`."""
    joints = figure.joints
    neck, pelvis = joints[:, NECK], joints[:, PELVIS]
    head, up = joints[:, HEAD], (joints[:, CROWN] - joints[:, HEAD]) / (0.5 * body.head)
    r = body.head
    more = [head - figure.face * 0.24 * r + up * 0.62 * r]
    if hairstyle == "cap":
        more = [head + up * 0.55 * r]
        more.append(head + up * 0.6 * r + figure.face * 1.25 * r)
    elif hairstyle in ("long", "tail"):
        more.append(head - figure.face * (0.75 if hairstyle == "long" else 1.2) * r - up * 1.1 * r)
    else:
        more.append(head - figure.face * 0.42 * r + up * 0.05 * r)
    more.append(head + figure.face * 0.88 * r - up * 0.05 * r)
    for k in (0, 1):
        more.append(neck + 0.72 * (joints[:, SHOULDER + k] - neck) - 0.12 * (neck - pelvis))
    for k in (0, 1):
        more.append(pelvis + 0.75 * (joints[:, HIP + k] - pelvis) + 0.12 * (neck - pelvis))
    knees = (joints[:, KNEE] + joints[:, KNEE + 1]) / 2
    more.append(pelvis + 0.7 * (knees - pelvis))
    for k in (0, 1):
        more.append(0.35 * joints[:, HIP + k] + 0.65 * joints[:, KNEE + k])
    return np.concatenate((joints, np.stack(more, 1)), 1)


def parts(body: Body, look: Look) -> list[Part]:
    """What is drawn of a figure."""
    g, b, w, r = body.girth, body.belly, look.loose, body.head
    made = [
        Part(
            (
                (PELVIS, NECK, 0.105 * b, 0.095 * g),
                (LOIN, SIDE, 0.085 * b, 0.075 * g),
                (LOIN + 1, SIDE + 1, 0.085 * b, 0.075 * g),
                (SHOULDER, SHOULDER + 1, 0.055 * g, 0.055 * g),
            ),
            look.shirt,
        ),
        Part(
            ((HIP, HIP + 1, 0.095 * b, 0.095 * b), (PELVIS, SPINE, 0.1 * b, 0.09 * b)),
            look.hips,
            0.02,
        ),
        Part(((NECK, HEAD, 0.055 * g, 0.055 * g),), look.skin, 0.02),
        Part(((HEAD, CROWN, r * 0.84, r * 0.86),), look.skin, -0.04),
        Part(((NOSE, NOSE, r * 0.2, r * 0.2),), look.skin, -0.04),
    ]
    if look.hairstyle != "bald":
        end = {"long": 0.75, "tail": 0.3, "cap": 0.35}.get(look.hairstyle, 0.7)
        made.append(
            Part(
                ((HAIR, HAIR_END, r * 0.92, r * end),),
                look.hair,
                0.0 if look.hairstyle != "cap" else -0.05,
            )
        )
    if look.skirt:
        made.append(
            Part(
                (
                    (PELVIS, HEM, 0.12 * b, 0.11 * w * g),
                    (HIP, MIDDLE, 0.1 * b, 0.115 * w * g),
                    (HIP + 1, MIDDLE + 1, 0.1 * b, 0.115 * w * g),
                ),
                look.cloth,
                -0.03,
            )
        )
    for k in (0, 1):
        made += [
            Part(((HIP + k, KNEE + k, 0.088 * g * w, 0.06 * g * w),), look.thigh),
            Part(((KNEE + k, ANKLE + k, 0.058 * g * w, 0.042 * g * w),), look.shin, low=True),
            Part(((ANKLE + k, TOE + k, 0.045 * g, 0.035 * g),), look.shoe, low=True),
            Part(((SHOULDER + k, ELBOW + k, 0.056 * g * w, 0.044 * g * w),), look.upper_arm),
            Part(((ELBOW + k, WRIST + k, 0.043 * g, 0.031 * g),), look.forearm, -0.02),
            Part(((WRIST + k, HAND + k, 0.034 * g, 0.03 * g),), look.skin, -0.03),
        ]
    return made
