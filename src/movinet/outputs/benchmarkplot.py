"""The picture of `movinet benchmark`: a dot a configuration, right against size, as an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from movinet.evaluation import Result
from movinet.outputs.axis import Axis
from movinet.outputs.benchmark import Row, full_names
from movinet.outputs.captions import LINE, RADIUS, Box, captions_at, pixels
from movinet.outputs.markup import clean

_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 30, 74, 62
_WIDTH, _HEIGHT, _MARGIN = 860, 480, 24

_STYLE = """
    svg { color-scheme: light dark; }
    .paper { fill: #ffffff; stroke: #cbd2d9; }
    text { font-family: system-ui, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif;
           font-size: 13px; fill: #1f2933; }
    .head { font-size: 17px; font-weight: 600; }
    .name { stroke: #ffffff; stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
    .small { fill: #52606d; }
    .mid { text-anchor: middle; }
    .end { text-anchor: end; }
    .grid { stroke: #e4e7eb; stroke-width: 1; }
    .leader { stroke: #7b8794; stroke-width: 1; }
    .dot { fill: #2563eb; stroke: #ffffff; stroke-width: 1.5; }
    .first { fill: #c2410c; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #161b22; stroke: #3d4550; }
      text { fill: #e6edf3; }
      .name { stroke: #161b22; }
      .small { fill: #a3adb8; }
      .grid { stroke: #2b323b; }
      .leader { stroke: #8b949e; }
      .dot { fill: #6ea8fe; stroke: #161b22; }
      .first { fill: #ff9d5c; }
    }
  """


def draw(rows: Sequence[Row]) -> str:
    """The SVG, self-contained, for light and dark.

    Across goes the size of the model file, up the time of a step, or top-1 where it was measured.
    The first configuration, with which the others are compared, has a colour of its own.
    """
    shown = [
        (name, row)
        for name, row in zip(full_names(rows), rows, strict=True)
        if isinstance(row, Result)
    ]
    rated = any(row.accuracy is not None for _, row in shown)
    if rated:
        shown = [(name, row) for name, row in shown if row.accuracy is not None]
    values = [
        (
            row.file_bytes / 1e6,
            100 * row.accuracy.top1 if row.accuracy else row.timing.p50 * 1e3,
        )
        for _, row in shown
    ]
    captions = [clean(name) for name, _ in shown]
    across = Axis.of([x for x, _ in values], from_zero=True)
    if rated:
        up = Axis.of([y for _, y in values], from_zero=False, most=100.0)
    else:
        up = Axis.of([y for _, y in values], from_zero=True)
    longest = max(map(pixels, captions), default=0)
    width = max(_WIDTH, _LEFT + _RIGHT + longest + 160)
    bottom = _HEIGHT - _BOTTOM
    field = Box(_LEFT, _TOP, width - _RIGHT, bottom)
    dots = [(field.x(across.place(x)), field.y(up.place(y))) for x, y in values]
    names = captions
    places, clear = captions_at(field, dots, captions)
    key: list[str] = []
    if not clear:
        # Too many for their names: rows have numbers, as in the table, and a key below says whose.
        numbers = {id(row): str(number) for number, row in enumerate(rows, 1)}
        names = [numbers[id(row)] for _, row in shown]
        places, _ = captions_at(field, dots, names)
        key = [f"{number}  {caption}" for number, caption in zip(names, captions, strict=True)]
    columns = max(1, (width - 2 * _MARGIN) // (max(map(pixels, key), default=0) + 24))
    height = _HEIGHT + (LINE * -(-len(key) // columns) + 12 if key else 0)
    what = "top-1 (%)" if rated else "time of a step, p50 (ms)"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="t d">',
        f'  <title id="t">{what} by file size (MB)</title>',
        f'  <desc id="d">{escape(_description(captions, values, rated))}</desc>',
        f"  <style>{_STYLE}</style>",
        '  <rect class="paper" x="0.5" y="0.5" rx="10" '
        f'width="{width - 1}" height="{height - 1}"/>',
        f'  <text class="head" x="{_MARGIN}" y="36">{what} by file size (MB)</text>',
    ]
    lines += _grid(field, across, up)
    firsts = [row is rows[0] for _, row in shown]
    for name, caption, (x, y), value, label, first in zip(
        names, captions, dots, values, places, firsts, strict=True
    ):
        if label.leader is not None:
            to_x, to_y = label.leader
            lines.append(
                f'  <line class="leader" x1="{x:.1f}" y1="{y:.1f}" '
                f'x2="{to_x:.1f}" y2="{to_y:.1f}"/>'
            )
        hint = f"{caption}: {value[0]:.2f} MB, {value[1]:.3g} {'%' if rated else 'ms'}"
        lines.append(
            f'  <circle class="dot{" first" if first else ""}" cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{RADIUS}"><title>{escape(hint)}</title></circle>'
        )
        lines.append(
            f'  <text class="name{" end" if label.ends else ""}" x="{label.x:.1f}" '
            f'y="{label.y:.1f}">{escape(name)}</text>'
        )
    lines += _key(key, columns, width)
    return "\n".join([*lines, "</svg>", ""])


def _description(
    captions: Sequence[str], values: Sequence[tuple[float, float]], rated: bool
) -> str:
    unit = "percent" if rated else "ms"
    pairs = zip(captions, values, strict=True)
    return "; ".join(f"{caption}: {x:.2f} MB, {y:.3g} {unit}" for caption, (x, y) in pairs)


def _key(key: Sequence[str], columns: int, width: float) -> Iterator[str]:
    for number, text in enumerate(key):
        row, column = divmod(number, columns)
        x = _MARGIN + column * (width - 2 * _MARGIN) / columns
        yield f'  <text x="{x:.0f}" y="{_HEIGHT + 8 + row * LINE}">{escape(text)}</text>'


def _grid(field: Box, across: Axis, up: Axis) -> Iterator[str]:
    for value, text in up.ticks():
        y = field.y(up.place(value))
        yield (
            f'  <line class="grid" x1="{field.left}" y1="{y:.1f}" x2="{field.right}" y2="{y:.1f}"/>'
            f'<text class="small end" x="{field.left - 10}" y="{y + 4.5:.1f}">{text}</text>'
        )
    for value, text in across.ticks():
        x = field.x(across.place(value))
        yield (
            f'  <line class="grid" x1="{x:.1f}" y1="{field.top}" x2="{x:.1f}" y2="{field.bottom}"/>'
            f'<text class="small mid" x="{x:.1f}" y="{field.bottom + 20}">{text}</text>'
        )
    scale = ", logarithmic" if across.logarithmic else ""
    yield (
        f'  <text class="small mid" x="{(field.left + field.right) / 2:.0f}" '
        f'y="{field.bottom + 44}">size of the model file (MB{scale})</text>'
    )
    if up.logarithmic:
        yield f'  <text class="small" x="{_MARGIN}" y="{field.top - 14}">logarithmic</text>'
