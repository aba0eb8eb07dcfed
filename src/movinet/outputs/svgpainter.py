"""Drawings as SVG."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from movinet.outputs.drawing import DARK, LIGHT, Bar, Curve, Drawing, Photo, Rule, Shape, Words
from movinet.outputs.markup import marked


def _inks(colours: dict[str, str]) -> str:
    return "\n".join(
        f"  .f-{name} {{ fill: {colour} }} .s-{name} {{ stroke: {colour} }}"
        for name, colour in colours.items()
    )


# Plain colours by class, not variables: few programs but browsers know those.
STYLE = f"""
{_inks(LIGHT)}
  @media (prefers-color-scheme: dark) {{
{_inks(DARK)}
  }}
  .drawing text {{ font-family: system-ui, "Segoe UI", "DejaVu Sans", "Noto Sans", sans-serif }}
  .drawing polyline {{ fill-opacity: .2; stroke-width: 1.5; stroke-linejoin: round }}
"""


def picture(drawing: Drawing) -> str:
    """A file of its own, for light and dark."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" '
        f'aria-labelledby="title said" {_size(drawing)}>\n'
        f'<title id="title">{marked(drawing.title)}</title>\n'
        f'<desc id="said">{marked(drawing.said)}</desc>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="f-paper" width="{_n(drawing.width + 24)}" '
        f'height="{_n(drawing.height + 24)}" x="-12" y="-12"/>\n'
        + "\n".join(map(_element, drawing.shapes))
        + "\n</svg>\n"
    )


def inline(drawing: Drawing, kind: str) -> str:
    """An element of a page that has the style; `kind` is one more class of it."""
    left, right = drawing.across
    low, high = drawing.seconds
    return (
        f'<svg class="drawing {kind}" viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" '
        f'role="img" aria-label="{marked(drawing.title)}" data-left="{_n(left)}" '
        f'data-right="{_n(right)}" data-low="{low:.6g}" data-high="{high:.6g}">\n'
        f"<desc>{marked(drawing.said)}</desc>\n"
        + "\n".join(map(_element, drawing.shapes))
        + "\n</svg>"
    )


def _size(drawing: Drawing) -> str:
    # A margin, which a page gives by itself.
    width, height = drawing.width + 24, drawing.height + 24
    return f'viewBox="-12 -12 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}"'


def _element(shape: Shape) -> str:
    return "".join(_parts(shape))


def _parts(shape: Shape) -> Iterator[str]:
    match shape:
        case Bar():
            hint = f"<title>{marked(shape.hint)}</title>" if shape.hint else ""
            clear = "" if shape.opacity == 1 else f' fill-opacity="{_n(shape.opacity)}"'
            corner = f' rx="{_n(shape.corner)}"' if shape.corner else ""
            yield f'<rect class="f-{shape.ink}" {_box(shape)}{clear}{corner}>{hint}</rect>'
        case Rule():
            yield (
                f'<line class="s-{shape.ink}" x1="{_n(shape.x1)}" y1="{_n(shape.y1)}" '
                f'x2="{_n(shape.x2)}" y2="{_n(shape.y2)}"/>'
            )
        case Curve() if shape.points:
            (start, _), (end, _) = shape.points[0], shape.points[-1]
            outline = [(start, shape.floor), *shape.points, (end, shape.floor)]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
            yield (
                f'<polyline class="f-{shape.ink} s-{shape.ink}" data-name="{marked(shape.name)}" '
                f'data-top="{_n(shape.top)}" data-floor="{_n(shape.floor)}" points="{line}"/>'
            )
        case Words():
            anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
            bold = ' font-weight="600"' if shape.bold else ""
            yield (
                f'<text class="f-{shape.ink}" x="{_n(shape.x)}" y="{_n(shape.y)}" '
                f'style="font-size:{shape.size}px"{anchor}{bold}>{marked(shape.text)}</text>'
            )
        case Photo():
            data = b64encode(shape.jpeg).decode()
            yield f'<image {_box(shape)} href="data:image/jpeg;base64,{data}"/>'


def _box(shape: Bar | Photo) -> str:
    return (
        f'x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}"'
    )


def _n(value: float) -> str:
    """A number in few letters."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
