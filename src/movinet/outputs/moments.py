"""Moments of a video, for people."""

from __future__ import annotations

from fractions import Fraction


def clock_text(seconds: Fraction) -> str:
    """ "0:07.5", "12:34.0", "1:00:00.0": hours where there are any, minutes, seconds, tenths."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(abs(tenths), 600)
    hours, minutes = divmod(minutes, 60)
    begin = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{'-' if tenths < 0 else ''}{begin}:{rest // 10:02}.{rest % 10}"
