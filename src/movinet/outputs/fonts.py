"""A font for drawn text: one given, or one of the system that has the letters."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from unicodedata import category

from movinet.errors import MissingExtraError, UsageError

try:
    from PIL import ImageFont
except ImportError as error:
    raise MissingExtraError("drawing pictures", "draw") from error

# Where systems without fontconfig, or with a poor one, have fonts with many letters.
_KNOWN = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",
    "/System/Library/Fonts/Helvetica.ttc",
    "/System/Library/Fonts/AppleSDGothicNeo.ttc",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "C:/Windows/Fonts/segoeui.ttf",
    "C:/Windows/Fonts/malgun.ttf",
    "C:/Windows/Fonts/arial.ttf",
    "/system/fonts/Roboto-Regular.ttf",
    "/system/fonts/NotoSansCJK-Regular.ttc",
)
_UNKNOWN = "\U0010ffff"  # no font has this letter
_TRIED = 20  # pixels

Font = ImageFont.FreeTypeFont


class Typeface:
    """A font file in any size; the one that comes with Pillow when there is no file."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.at = lru_cache(maxsize=16)(self._at)
        self.at(_TRIED)

    def _at(self, size: int) -> Font:
        if self.path is not None:
            return ImageFont.truetype(self.path, size)
        font = ImageFont.load_default(size)
        assert isinstance(font, Font), "Pillow was built without FreeType"
        return font

    def missing(self, letters: Iterable[str]) -> str:
        """Those that it has no picture of, in order, once each."""
        font = self.at(_TRIED)
        unknown = _look(font, _UNKNOWN)
        return "".join(
            letter
            for letter in sorted(set(letters))
            # Spaces and marks that change other letters have no picture of their own.
            if category(letter)[0] not in "ZCM" and _look(font, letter) == unknown
        )


def typeface(texts: Iterable[str], font: str | Path | None = None) -> tuple[Typeface, str]:
    """The font to write `texts` with, and the letters of them that it lacks.

    Args:
        texts: all that is to be written.
        font: a .ttf, .otf or .ttc file; None: the one of the system that lacks the fewest.

    Raises:
        UsageError: when `font` is no font that can be read.
    """
    letters = "".join(sorted({letter for text in texts for letter in text}))
    if font is not None:
        try:
            face = Typeface(str(font))
        except OSError as error:
            reason = "no such file" if not Path(font).is_file() else "it is not a font"
            raise UsageError(f"cannot read the font {font}: {reason}") from error
        return face, face.missing(letters)
    best: tuple[Typeface, str] | None = None
    for path in _installed(letters):
        try:
            face = Typeface(path)
        except OSError:  # gone, or of one size only
            continue
        missing = face.missing(letters)
        if best is None or len(missing) < len(best[1]):
            best = face, missing
        if not missing:
            break
    if best is None:
        face = Typeface(None)
        best = face, face.missing(letters)
    return best


def _installed(letters: str) -> Iterator[str]:
    yield from _matched("sans-serif")
    yield from (path for path in _KNOWN if Path(path).is_file())
    # Fontconfig knows who has the letters that the usual one lacks.
    foreign = " ".join(f"{ord(letter):x}" for letter in letters if ord(letter) > 0x24F)
    if foreign:
        yield from _matched(f"sans-serif:charset={foreign}")


def _matched(pattern: str) -> list[str]:
    command = ["fc-match", "--format=%{file}", pattern]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):  # no fontconfig here
        return []
    return [done.stdout] if done.stdout else []


def _look(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
