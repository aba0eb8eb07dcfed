"""Results as plain JSON values. The keys are a contract; `docs/json.md` describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from movinet.stream import Category, Event, Prediction, Summary

Record = dict[str, Any]


def _top(categories: Sequence[Category]) -> list[Record]:
    return [{"label": c.label, "index": c.index, "score": round(c.score, 6)} for c in categories]


def prediction_record(video: str, prediction: Prediction, top: Sequence[Category]) -> Record:
    """One moment of a video."""
    return {"video": video, "time": round(float(prediction.time), 6), "top": _top(top)}


def event_record(video: str, event: Event) -> Record:
    """An action that has begun, or has ended."""
    end = event.end
    return {
        "video": video,
        "event": "begin" if end is None else "end",
        "label": event.label,
        "index": event.index,
        "start": round(float(event.start), 6),
        "end": None if end is None else round(float(end), 6),
        "peak": round(event.peak, 6),
    }


def summary_record(video: str, summary: Summary, top: Sequence[Category]) -> Record:
    """A whole video."""
    duration = summary.duration
    return {
        "video": video,
        "model": summary.info.name,
        "duration": None if duration is None else round(float(duration), 6),
        "frames": summary.frames,
        "top": _top(top),
        "damaged_packets": summary.damaged_packets,
    }


def error_record(video: str, message: str) -> Record:
    """A video that could not be classified."""
    return {"video": video, "error": message}
