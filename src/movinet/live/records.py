"""What is told of cameras as plain JSON values. The keys are a contract; see `docs/json.md`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from movinet.live.health import Health
from movinet.live.watch import Answer
from movinet.stream import Category, Event

Record = dict[str, Any]


def answer_record(answer: Answer, top: list[Category]) -> Record:
    """One prediction of a camera."""
    assert answer.prediction is not None
    return {
        **_begin(answer.camera.name),
        "time": round(float(answer.prediction.time), 6),
        "latency": round(answer.latency, 6),
        "top": [{"label": c.label, "index": c.index, "score": round(c.score, 6)} for c in top],
    }


def event_record(camera: str, event: Event) -> Record:
    """An event that has begun or has ended."""
    return {
        **_begin(camera),
        "event": "begin" if event.end is None else "end",
        "label": event.label,
        "index": event.index,
        "start": round(float(event.start), 6),
        "end": None if event.end is None else round(float(event.end), 6),
        "peak": round(event.peak, 6),
    }


def health_record(camera: str, health: Health) -> Record:
    """How a camera does, when its state has changed and once a minute."""
    latency = health.latency(95)
    return {
        **_begin(camera),
        "state": str(health.state),
        "reason": health.reason or None,
        "frames": health.frames,
        "answers": health.answers,
        "drops": health.drops,
        "connections": health.connections,
        "rate": round(health.rate(), 3),
        "latency_p95": None if latency is None else round(latency, 6),
        "damaged_packets": health.damaged_packets,
        "cpu": round(health.reader_cpu + health.model_cpu, 3),
    }


def _begin(camera: str) -> Record:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"camera": camera, "at": now}
