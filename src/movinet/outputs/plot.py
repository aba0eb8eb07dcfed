"""`write_plot`: the timeline of a video as a page or a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from movinet.errors import UsageError
from movinet.evaluation.stills import Still, stills_of
from movinet.outputs import svgpainter, timelinepage
from movinet.outputs.beside import check_place, write_whole
from movinet.outputs.timeline import span, timeline
from movinet.outputs.track import Track

ENDINGS = (".html", ".svg", ".png")
_COUNT, _LONGER = 9, 200  # pictures, and pixels of their longer side


def write_plot(
    track: Track,
    path: str | Path,
    pictures: Sequence[Still] = (),
    *,
    font: str | Path | None = None,
) -> str:
    """The best labels of a video over time, its events, and pictures of it, in one file.

    Args:
        track: the video.
        path: `.html` for a page, `.svg` or `.png` (extra `draw`) for a picture.
        pictures: what `pictures_of` gives, or none.
        font: a .ttf, .otf or .ttc file for a `.png`; None: one of the system. The others are shown
            with the fonts of whoever looks at them.

    Returns:
        The letters that the font of a `.png` lacks, which are drawn as boxes; mostly none.

    Raises:
        UsageError: for another ending, a font that is none, or when `path` is a folder.
        MissingExtraError: for `.png` without the extra.
        OutputError: when it cannot be written.
    """
    ending = check_plot(path, font)
    missing = ""
    data: str | bytes
    if ending == ".html":
        data = timelinepage.page(track, pictures)
    elif ending == ".svg":
        data = svgpainter.picture(timeline(track, pictures))
    else:
        from movinet.outputs import pngpainter

        data, missing = pngpainter.picture(timeline(track, pictures), font)
    write_whole(path, data)
    return missing


def check_plot(path: str | Path, font: str | Path | None = None) -> str:
    """See whether there can be such a plot, before the video is watched; gives its ending.

    Raises:
        UsageError, MissingExtraError, OutputError: as `write_plot`.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"cannot write {path}: a plot ends in .html, .svg or .png")
    check_place(path)
    if ending == ".png":
        from movinet.outputs.fonts import typeface

        typeface((), font)
    return ending


def pictures_of(video: str | os.PathLike[str], track: Track) -> list[Still]:
    """Pictures spread over the time of the track; none where the video is no file to read again."""
    if not Path(video).is_file():
        return []
    low, high = (Fraction(second).limit_denominator(1000) for second in span(track))
    return stills_of(os.fspath(video), low, high, count=_COUNT, longer=_LONGER)
