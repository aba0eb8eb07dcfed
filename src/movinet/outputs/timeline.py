"""The timeline of a video: pictures, the best labels over time, and events, on one axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from movinet.evaluation.stills import Still
from movinet.outputs.captions import FONT, pixels
from movinet.outputs.courses import Course, courses, reduced
from movinet.outputs.drawing import Bar, Curve, Drawing, Photo, Rule, Shape, Words
from movinet.outputs.markup import one_line
from movinet.outputs.timeaxis import TimeAxis, clock
from movinet.outputs.track import Track
from movinet.stream import Event

BROAD, NARROW = 868, 358  # pixels: the pages' column on a desk and on a phone
_LEFT, _RIGHT = 2, 38  # margins; the right one holds the scale
_TITLE, _PLOT, _LANE, _GAP = 21, 44, 21, 13  # heights of the parts of a row
_TALLEST, _NARROWEST = 110, 24  # a picture
_APART = 90  # ticks


def timeline(
    track: Track, pictures: Sequence[Still] = (), *, width: int = BROAD, heading: bool = True
) -> Drawing:
    """What is to be drawn.

    Args:
        track: the video.
        pictures: of the video, by time; those for which there is no room are left out.
        width: pixels.
        heading: whether the video's name is on it.
    """
    low, high = span(track)
    axis = TimeAxis(low, high, _LEFT, width - _RIGHT)
    shown, others = courses(track)
    shapes: list[Shape] = []
    y = 0.0
    if heading:
        shapes.append(Words(_LEFT, 18, fitted(track.video, width, 16), "ink", 16, bold=True))
        shapes.append(Words(_LEFT, 37, fitted(about(track), width, 12)))
        y = 50
    strip, tall = _strip(pictures, axis, y)
    shapes += strip
    top, y = y + tall, y + tall + (10 if tall else 0)
    for number, course in enumerate(shown):
        shapes += _row(course, str(number), track, axis, y)
        y += _TITLE + _PLOT + (_LANE if course.events else 3) + _GAP
    if others:
        shapes.append(Words(_LEFT, y + 14, "other events", "ink", 13, bold=True))
        named = [(event, f"{one_line(event.label)} {_times(event)}") for event in others]
        shapes += _lane(named, "soft", axis, y + _TITLE)
        y += _TITLE + _LANE + _GAP
    y -= 4
    ticks: list[Shape] = [Rule(axis.left, y, axis.right, y, "soft")]
    for seconds, text in axis.ticks(_APART):
        x, half = axis.x(seconds), pixels(text) / 2 * 12 / FONT
        ticks += [Rule(x, top, x, y), Rule(x, y, x, y + 5, "soft")]
        ticks.append(Words(min(max(x, half), width - half), y + 19, text, anchor="middle"))
    # The lines of the times lie under everything.
    shapes = [*(tick for tick in ticks if isinstance(tick, Rule)), *shapes]
    shapes += [tick for tick in ticks if isinstance(tick, Words)]
    title = f"Actions in {one_line(track.video)} over time"
    return Drawing(
        width, y + 26, title, _said(track, shown), shapes, (axis.left, axis.right), (low, high)
    )


def span(track: Track) -> tuple[float, float]:
    """The seconds that the axis begins and ends with: all predictions and events."""
    if not track.times:
        return 0.0, float(track.duration or 1)
    # What is said last holds for the length of a frame.
    last = track.times[-1] + 1 / track.info.fps
    ends = [event.end for event in track.events if event.end is not None]
    starts = [event.start for event in track.events]
    return float(min([track.times[0], *starts])), float(max([last, *ends]))


def about(track: Track) -> str:
    """How long it is, how much is in it, and which model says so."""
    low, high = span(track)
    events = "1 event" if len(track.events) == 1 else f"{len(track.events)} events"
    return f"{length(high - low)} long, {events}; by {track.info.name}"


def length(seconds: float) -> str:
    """A time of which the tenths only matter when it is short."""
    return clock(seconds, 1 if seconds < 60 else 0)


def fitted(text: str, width: float, size: int) -> str:
    """As much of a text as has room, with an ellipsis where it is cut."""
    text = one_line(text)
    if pixels(text) * size / FONT <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # the longest beginning with room
        middle = (low + high + 1) // 2
        if pixels(text[:middle] + "…") * size / FONT <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def _strip(pictures: Sequence[Still], axis: TimeAxis, y: float) -> tuple[list[Shape], float]:
    """Pictures, each with its middle at its time, and how tall the tallest is."""
    if not pictures:
        return [], 0.0
    # On a phone every second one is left out, or more.
    every = max(1, round(len(pictures) / max(1.0, (axis.right - axis.left) / 78)))
    chosen = pictures[every // 2 :: every]
    middles = [axis.x(float(still.time)) for still in chosen]
    cells = [right - left for left, right in pairwise(middles)]
    cell = max(_NARROWEST, min([(axis.right - axis.left) / len(chosen), *cells])) - 3
    shapes: list[Shape] = []
    tallest = 0.0
    for still, middle in zip(chosen, middles, strict=True):
        scale = min(cell / still.width, _TALLEST / still.height)
        wide, tall = still.width * scale, still.height * scale
        x = min(max(middle - wide / 2, axis.left), axis.right - wide)
        shapes.append(Photo(x, y, wide, tall, still.jpeg))
        tallest = max(tallest, tall)
    return shapes, tallest


def _row(course: Course, ink: str, track: Track, axis: TimeAxis, y: float) -> Iterator[Shape]:
    peak = f"{100 * course.peak:.0f} %"
    room = axis.right - axis.left - 60
    yield Words(axis.left, y + 14, fitted(course.label, room, 13), "ink", 13, bold=True)
    yield Words(axis.right, y + 14, f"peak {peak}", anchor="end")
    top, floor = y + _TITLE, y + _TITLE + _PLOT
    for event in course.events:
        x, end = axis.x(float(event.start)), axis.x(float(event.end or event.start))
        if end - x >= 2:
            yield Bar(x, top, end - x, _PLOT, ink, opacity=0.1)
    for share, text in ((0.0, "0"), (0.5, "50"), (1.0, "100 %")):
        level = floor - share * _PLOT
        yield Rule(axis.left, level, axis.right, level)
        yield Words(axis.right + 5, level + 3.5, text, size=10)
    places = np.array([axis.x(float(time)) for time in track.times], np.float32)
    across, scores = reduced(places, course.scores)
    points = [
        (float(x), floor - float(score) * _PLOT) for x, score in zip(across, scores, strict=True)
    ]
    if points:
        points.append((axis.right, points[-1][1]))
    yield Curve(course.label, points, top, floor, ink)
    named = [(event, _times(event)) for event in course.events]
    yield from _lane(named, ink, axis, floor + 4)


def _lane(
    named: Sequence[tuple[Event, str]], ink: str, axis: TimeAxis, y: float
) -> Iterator[Shape]:
    """Events as bars, with their text in the bar or behind it where there is room.

    Those that lie on one pixel are one bar.
    """
    groups: list[tuple[float, float, list[tuple[Event, str]]]] = []
    for event, text in named:
        x = axis.x(float(event.start))
        end = max(axis.x(float(event.end or event.start)), x + 2)
        if groups and x < groups[-1][1] + 1:
            left, right, members = groups.pop()
            groups.append((left, max(right, end), [*members, (event, text)]))
        else:
            groups.append((x, end, [(event, text)]))
    for number, (x, end, members) in enumerate(groups):
        event, text = members[0]
        hint = f"{one_line(event.label)} {_times(event)}, peak {100 * event.peak:.0f} %"
        if len(members) > 1:
            text = hint = f"{len(members)} events"
        yield Bar(x, y, end - x, 16, ink, corner=3, hint=hint)
        following = groups[number + 1][0] if number + 1 < len(groups) else axis.right
        before = groups[number - 1][1] if number else axis.left
        # Times have many narrow letters.
        long = 0.85 * pixels(text) * 11 / FONT
        if long + 6 <= end - x:
            yield Words((x + end) / 2, y + 12, text, "paper", 11, "middle")
        elif end + 4 + long <= following:
            yield Words(end + 4, y + 12, text, "soft", 11)
        elif before + long + 4 <= x:
            yield Words(x - 4, y + 12, text, "soft", 11, "end")


def _times(event: Event) -> str:
    return f"{clock(float(event.start))} – {clock(float(event.end or event.start))}"


def _said(track: Track, shown: Sequence[Course]) -> str:
    peaks = "; ".join(f"{course.label}: peak {100 * course.peak:.0f} %" for course in shown)
    events = [f"{one_line(event.label)} {_times(event)}" for event in track.events[:20]]
    more = len(track.events) - len(events)
    if more:
        events.append(f"and {more} more")
    return one_line(f"{peaks}. Events: {', '.join(events) or 'none'}.")
