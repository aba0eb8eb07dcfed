"""Events as subtitles, which players show over the video."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from movinet.errors import UsageError
from movinet.outputs.beside import write_whole
from movinet.outputs.markup import one_line
from movinet.outputs.track import Track
from movinet.stream import Event


def subtitles_of(video: str | Path, kind: str) -> Path:
    """The subtitles beside a video; `kind` is "vtt" or "srt"."""
    return Path(video).with_suffix(f".actions.{kind}")


def write_subtitles(track: Track, path: str | Path) -> None:
    """A cue an event: its label, and its highest score in percent.

    Args:
        track: the video; only its events are used.
        path: `.vtt` for WebVTT, `.srt` for SubRip.

    Raises:
        UsageError: for another ending, or when `path` is a folder.
        OutputError: when it cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in (".vtt", ".srt"):
        raise UsageError(f"cannot write {path}: subtitles end in .vtt or .srt")
    write_whole(path, _webvtt(track.events) if ending == ".vtt" else _subrip(track.events))


def _webvtt(events: list[Event]) -> str:
    cues = ["WEBVTT\n"]
    for start, end, text in _cues(events):
        # An arrow in a text would be taken for the times of a cue.
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        cues.append(f"{_moment(start, '.')} --> {_moment(end, '.')}\n{safe}\n")
    return "\n".join(cues)


def _subrip(events: list[Event]) -> str:
    cues = []
    for number, (start, end, text) in enumerate(_cues(events), start=1):
        # SubRip has no way to write this arrow in a text.
        safe = text.replace("-->", "→")
        cues.append(f"{number}\n{_moment(start, ',')} --> {_moment(end, ',')}\n{safe}\n")
    return "\n".join(cues)


def _cues(events: list[Event]) -> Iterator[tuple[int, int, str]]:
    """Start and end in milliseconds and text of each, by start. A cue lasts 1 ms at least."""
    for event in sorted(events, key=lambda event: (event.start, event.end, event.label)):
        start = _milliseconds(event.start)
        end = max(_milliseconds(event.end or event.start), start + 1)
        yield start, end, f"{one_line(event.label)} {100 * event.peak:.0f} %"


def _milliseconds(time: Fraction) -> int:
    return max(0, round(time * 1000))


def _moment(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"
