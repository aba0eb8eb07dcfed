"""Drawings as PNG, by Pillow (extra `draw`)."""

from __future__ import annotations

import io
from pathlib import Path

from movinet.errors import MissingExtraError
from movinet.outputs.drawing import LIGHT, Bar, Curve, Drawing, Photo, Rule, Words
from movinet.outputs.fonts import typeface

try:
    from PIL import Image, ImageDraw
except ImportError as error:
    raise MissingExtraError("drawing pictures", "draw") from error

_SCALE = 2  # pixels of the picture for one of the drawing
_FINER = 2  # shapes are drawn finer still, and made smaller: Pillow's have jagged edges
_MARGIN = 12
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}

Colour = tuple[int, int, int, int]


def picture(drawing: Drawing, font: str | Path | None = None) -> tuple[bytes, str]:
    """The file, on white, and the letters that the font lacks; see `typeface`."""
    fine = _SCALE * _FINER
    size = round(drawing.width + 2 * _MARGIN), round(drawing.height + 2 * _MARGIN)
    sheet = Image.new("RGB", (size[0] * fine, size[1] * fine), LIGHT["paper"])
    pen = ImageDraw.Draw(sheet, "RGBA")

    def at(value: float) -> float:
        return (value + _MARGIN) * fine

    for shape in drawing.shapes:
        match shape:
            case Bar():
                corners = at(shape.x), at(shape.y), at(shape.x + shape.width) - 1
                box = (*corners, at(shape.y + shape.height) - 1)
                fill = _colour(shape.ink, shape.opacity)
                pen.rounded_rectangle(box, min(shape.corner, shape.width / 2) * fine, fill)
            case Rule():
                ends = [(at(shape.x1), at(shape.y1)), (at(shape.x2), at(shape.y2))]
                pen.line(ends, _colour(shape.ink), fine)
            case Curve() if shape.points:
                line = [(at(x), at(y)) for x, y in shape.points]
                floor = at(shape.floor)
                area = [(line[0][0], floor), *line, (line[-1][0], floor)]
                pen.polygon(area, _colour(shape.ink, 0.2))
                pen.line(area, _colour(shape.ink), round(1.5 * fine), "curve")
    sheet = sheet.reduce(_FINER)
    _photos(sheet, drawing)
    missing = _words(sheet, drawing, font)
    held = io.BytesIO()
    sheet.save(held, "PNG", optimize=True)
    return held.getvalue(), missing


def _photos(sheet: Image.Image, drawing: Drawing) -> None:
    for shape in drawing.shapes:
        if isinstance(shape, Photo):
            size = round(shape.width * _SCALE), round(shape.height * _SCALE)
            photo = Image.open(io.BytesIO(shape.jpeg)).convert("RGB")
            place = round((shape.x + _MARGIN) * _SCALE), round((shape.y + _MARGIN) * _SCALE)
            sheet.paste(photo.resize((max(1, size[0]), max(1, size[1]))), place)


def _words(sheet: Image.Image, drawing: Drawing, font: str | Path | None) -> str:
    words = [shape for shape in drawing.shapes if isinstance(shape, Words)]
    face, missing = typeface((shape.text for shape in words), font)
    pen = ImageDraw.Draw(sheet)
    for shape in words:
        pen.text(
            ((shape.x + _MARGIN) * _SCALE, (shape.y + _MARGIN) * _SCALE),
            shape.text,
            _colour(shape.ink),
            face.at(shape.size * _SCALE),
            _ANCHORS[shape.anchor],
            # There may be no bold one; a little fatter does.
            stroke_width=0.5 if shape.bold else 0,
        )
    return missing


def _colour(ink: str, opacity: float = 1.0) -> Colour:
    red, green, blue = bytes.fromhex(LIGHT[ink][1:])
    return red, green, blue, round(255 * opacity)
