"""What the diagrams of pages have in common: SVG elements that take their colours from the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from movinet.outputs.markup import clean, marked

# Colours are classes, which the page's style sheet defines for light and dark.
STYLE = """
  svg { display: block; max-width: 100%; height: auto; }
  svg text { font-size: 13px; fill: var(--soft); }
  svg .grid { stroke: var(--line); }
  svg .path { fill: none; stroke: var(--blue); stroke-width: 2; }
  svg .dot, svg .right { fill: var(--blue); }
  svg .ring { fill: none; stroke: var(--orange); stroke-width: 2; }
  svg .value { fill: var(--ink); }
  svg .wrong { fill: var(--orange); }
  svg .ideal { stroke: var(--soft); stroke-dasharray: 4 4; }
  svg .gap { stroke: var(--orange); stroke-width: 3; }
  svg .bar { fill: var(--blue); opacity: .18; }
  svg .cell { stroke: var(--line); fill: none; }
  svg .mid { text-anchor: middle; }
  svg .end { text-anchor: end; }
"""
# Narrow, so that it need not shrink much on a phone.
WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 22, 48


def up(share: float) -> float:
    """Where a share lies in the height of a diagram."""
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def grid(ticks: Iterable[tuple[float, str]]) -> Iterator[str]:
    """Lines across a diagram, each at a share of its height, with what they stand for."""
    for share, text in ticks:
        y = up(share)
        yield (
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
            f'<text class="end" x="{LEFT - 8}" y="{y + 4.5:.1f}">{text}</text>'
        )


def percent_grid() -> Iterator[str]:
    """Lines at 0, 25 ... 100 percent."""
    return grid((value / 100, str(value)) for value in range(0, 101, 25))


def svg(
    width: float, height: float, title: str, said: str, lines: Sequence[str], *, least: float = 0
) -> str:
    """The element; it shrinks with the page, down to a width of `least`."""
    return "\n".join(
        [
            f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" style="min-width: {least:.0f}px" role="img" '
            f'aria-label="{marked(title)}">',
            f"<desc>{marked(clean(said))}</desc>",
            *lines,
            "</svg>",
        ]
    )
