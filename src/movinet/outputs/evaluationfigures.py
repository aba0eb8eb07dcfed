"""The diagrams of an evaluation's page."""

from __future__ import annotations

from collections.abc import Sequence

from movinet.evaluation.evaluating import Moment
from movinet.evaluation.metrics import Bin, Integers
from movinet.outputs.diagram import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, percent_grid, svg, up
from movinet.outputs.markup import marked, shortened

_LETTER = 6.6  # pixels of a letter, on average
_LONGEST = 24  # letters of a label
_SMALLEST = 0.65  # of its size, to which a heat map may shrink and still be read


def seconds_curve(moments: Sequence[Moment]) -> str:
    """Top-1 against seconds seen. The marks are evenly apart: they roughly double each time."""
    places = [
        LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / len(moments)
        for number in range(len(moments))
    ]
    dots = [(x, up(moment.top1)) for x, moment in zip(places, moments, strict=True)]
    said = "; ".join(f"{m.seconds:g} s: {100 * m.top1:.1f} % of {m.clips}" for m in moments)
    lines = [*percent_grid()]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    lines.append(f'<polyline class="path" points="{path}"/>')
    below = HEIGHT - BOTTOM + 18
    lines.append(f'<text class="end" x="{LEFT - 8}" y="{below + 18}">clips</text>')
    for (x, y), moment in zip(dots, moments, strict=True):
        hint = f"{moment.seconds:g} s: {100 * moment.top1:.1f} % of {moment.clips} clips"
        # Above the dot, below it where it would leave the picture.
        at = y - 9 if y > TOP + 14 else y + 19
        lines.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"><title>{hint}</title></circle>'
            f'<text class="value mid" x="{x:.1f}" y="{at:.1f}">{100 * moment.top1:.0f}</text>'
            f'<text class="mid" x="{x:.1f}" y="{below}">{moment.seconds:g} s</text>'
            f'<text class="mid" x="{x:.1f}" y="{below + 18}">{_short(moment.clips)}</text>'
        )
    return svg(WIDTH, HEIGHT, "Top-1 (%) after so many seconds", said, lines)


def reliability_diagram(bins: Sequence[Bin]) -> str:
    """How often right, by how sure; bars say how many clips, orange lines how far off."""
    most = max(bin.clips for bin in bins)
    total = sum(bin.clips for bin in bins)
    width = WIDTH - LEFT - RIGHT
    said = "; ".join(
        f"score {bin.score:.2f}: right {bin.accuracy:.2f}, {bin.clips} clips"
        for bin in bins
        if bin.score is not None and bin.accuracy is not None
    )
    lines = [*percent_grid()]
    for bin in bins:
        left, right = (LEFT + width * edge for edge in (bin.low, bin.high))
        top = up(bin.clips / most)
        lines.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{top:.1f}" width="{right - left - 2:.1f}" '
            f'height="{up(0) - top:.1f}"><title>{bin.clips} of {total} clips</title></rect>'
        )
        lines.append(
            f'<text class="mid" x="{right:.1f}" y="{HEIGHT - BOTTOM + 18}">{bin.high:.1f}</text>'
        )
    lines.append(
        f'<line class="ideal" x1="{LEFT}" y1="{up(0):.1f}" x2="{LEFT + width}" y2="{up(1):.1f}"/>'
    )
    for bin in bins:
        if bin.score is None or bin.accuracy is None:
            continue
        x, y = LEFT + width * bin.score, up(bin.accuracy)
        hint = f"score {bin.score:.3f}, right {bin.accuracy:.3f}, {bin.clips} clips"
        lines.append(
            f'<line class="gap" x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{up(bin.score):.1f}"/>'
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"><title>{hint}</title></circle>'
        )
    lines.append(
        f'<text class="mid" x="{LEFT + width / 2:.0f}" y="{HEIGHT - 10}">'
        "score of the first guess</text>"
    )
    return svg(WIDTH, HEIGHT, "Right (%) by score", said, lines)


def heat_map(confusion: Integers, labels: Sequence[str]) -> str:
    """A confusion matrix: rows are the truth, columns what was said."""
    count = len(labels)
    names = [shortened(label, _LONGEST) for label in labels]
    room = 14 + _LETTER * max(map(len, names))
    cell = 34 if count <= 12 else 24 if count <= 30 else 18
    left, top = room, room
    width, height = left + cell * count + 8, top + cell * count + 8
    lines = []
    for number, (name, label) in enumerate(zip(names, labels, strict=True)):
        middle = (number + 0.5) * cell
        hint = f"<title>{marked(label)}</title>"
        lines.append(
            f'<text class="end" x="{left - 8:.1f}" y="{top + middle + 4.5:.1f}">'
            f"{marked(name)}{hint}</text>"
            f'<text transform="translate({left + middle + 4.5:.1f} {top - 8:.1f}) rotate(-90)">'
            f"{marked(name)}{hint}</text>"
        )
    lines.append(
        f'<rect class="cell" x="{left:.1f}" y="{top:.1f}" width="{cell * count}" '
        f'height="{cell * count}"/>'
    )
    for row in range(count):
        clips = int(confusion[row].sum())
        for column in range(count):
            number = int(confusion[row, column])
            if not number:
                if row == column:
                    lines.append(_cell(left, top, cell, row, column, "cell", 1, ""))
                continue
            kind = "right" if row == column else "wrong"
            share = number / clips
            hint = f"{labels[row]}, said {labels[column]}: {number} of {clips}"
            lines.append(
                _cell(left, top, cell, row, column, kind, 0.15 + 0.4 * share, hint)
                + f'<text class="value mid" x="{left + (column + 0.5) * cell:.1f}" '
                f'y="{top + (row + 0.5) * cell + 4.5:.1f}">{_short(number)}</text>'
            )
    said = f"{count} labels, {int(confusion.sum())} clips, {int(confusion.trace())} right"
    title = "Confusion: rows are the truth, columns what was said"
    return svg(width, height, title, said, lines, least=_SMALLEST * width)


def _cell(
    left: float, top: float, side: int, row: int, column: int, kind: str, opacity: float, hint: str
) -> str:
    title = f"<title>{marked(hint)}</title>" if hint else ""
    return (
        f'<rect class="{kind}" fill-opacity="{opacity:.2f}" x="{left + column * side + 1:.1f}" '
        f'y="{top + row * side + 1:.1f}" width="{side - 2}" height="{side - 2}">{title}</rect>'
    )


def _short(number: int) -> str:
    return str(number) if number < 10_000 else f"{number / 1000:.0f}k"
