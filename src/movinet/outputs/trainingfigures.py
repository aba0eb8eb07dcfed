"""The diagrams of a training's page: what each epoch brought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from movinet.outputs.axis import Axis, nice
from movinet.outputs.diagram import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    grid,
    percent_grid,
    svg,
    up,
)

_DOTTED = 40  # epochs; the dots of more than that would touch
_NUMBERED = 12  # epochs of which the number is written


def loss_curve(losses: Sequence[float], stages: Iterable[int] = ()) -> str:
    """The loss of each epoch.

    Args:
        losses: one an epoch.
        stages: the epochs, 1 for the first, with which another stage begins.
    """
    axis = Axis.of(losses, from_zero=True)
    lines = [*grid((axis.place(value), text) for value, text in axis.ticks())]
    shares = [axis.place(loss) for loss in losses]
    hints = [f"epoch {number}: {loss:.4g}" for number, loss in enumerate(losses, 1)]
    return _curve("Loss by epoch", shares, hints, [*lines, *_stages(stages, len(losses))])


def accuracy_curve(accuracies: Sequence[float], kept: int, stages: Iterable[int] = ()) -> str:
    """The accuracy on the validation clips after each epoch.

    Args:
        accuracies: one an epoch, 0 to 1.
        kept: the epoch, 1 for the first, to put a ring around.
        stages: as for `loss_curve`.
    """
    count = len(accuracies)
    hints = [f"epoch {number}: {100 * share:.1f} %" for number, share in enumerate(accuracies, 1)]
    x, y = _across(kept - 0.5, count), up(accuracies[kept - 1])
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
    lines = [*percent_grid(), *_stages(stages, count), ring]
    return _curve("Right (%) on the validation clips by epoch", accuracies, hints, lines)


def _curve(title: str, shares: Sequence[float], hints: Sequence[str], lines: list[str]) -> str:
    count = len(shares)
    step = max(1, int(nice(count / _NUMBERED)))
    places = [(_across(number + 0.5, count), up(share)) for number, share in enumerate(shares)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawn = [*lines, f'<polyline class="path" points="{path}"/>']
    for number, ((x, y), hint) in enumerate(zip(places, hints, strict=True), 1):
        if count <= _DOTTED:
            drawn.append(
                f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4">'
                f"<title>{hint}</title></circle>"
            )
        if number % step == 0:
            drawn.append(
                f'<text class="mid" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}">{number}</text>'
            )
    middle = (LEFT + WIDTH - RIGHT) / 2
    drawn.append(f'<text class="mid" x="{middle:.0f}" y="{HEIGHT - 10}">epoch</text>')
    return svg(WIDTH, HEIGHT, title, "; ".join(hints), drawn)


def _stages(stages: Iterable[int], count: int) -> list[str]:
    """A line before each epoch with which another stage begins."""
    lines = []
    for number, epoch in enumerate(stages, 2):
        x = _across(epoch - 1, count)
        lines.append(
            f'<line class="ideal" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{x + 4:.1f}" y="{TOP - 7}">stage {number}</text>'
        )
    return lines


def _across(epochs: float, count: int) -> float:
    """Where in the width so many of `count` epochs end."""
    return LEFT + (WIDTH - LEFT - RIGHT) * epochs / count
