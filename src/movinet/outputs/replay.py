"""Records told to sinks, as if the videos were watched again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from movinet.models import ModelInfo
from movinet.outputs.records import Record
from movinet.outputs.sink import Sink
from movinet.runtime import FloatArray
from movinet.stream import Category, Event, Prediction, Summary

# Records name the best classes only.
_NO_SCORES = np.zeros(0, np.float32)


def replay(
    records: Iterable[Record],
    info: ModelInfo,
    sinks: Sequence[Sink],
    *,
    embedding: FloatArray | None = None,
) -> None:
    """Tell `sinks` what the records of one video say, in their order.

    Args:
        records: of `movinet.outputs.records`.
        info: the contract of the model that they are of.
        sinks: what writes them. The `scores` that they are given are empty; all that the package
            has write nothing but the best classes.
        embedding: the pooled feature of the whole video, which is in no record.
    """
    ended: list[Event] = []
    moments = 0
    for record in records:
        video = record["video"]
        if "error" in record:
            for sink in sinks:
                sink.error(video, record["error"])
        elif "event" in record:
            event = _event(record)
            if event.end is not None:
                ended.append(event)
            for sink in sinks:
                sink.event(video, event)
        elif "time" in record:
            prediction = Prediction(Fraction(record["time"]), moments, _NO_SCORES, info)
            moments += 1
            for sink in sinks:
                sink.prediction(video, prediction, _top(record))
        else:
            summary = _summary(record, info, embedding, tuple(ended))
            for sink in sinks:
                sink.summary(video, summary, _top(record))


def _event(record: Record) -> Event:
    end = record["end"]
    return Event(
        label=record["label"],
        index=record["index"],
        start=Fraction(record["start"]),
        end=None if end is None else Fraction(end),
        peak=record["peak"],
    )


def _summary(
    record: Record, info: ModelInfo, embedding: FloatArray | None, events: tuple[Event, ...]
) -> Summary:
    duration = record["duration"]
    return Summary(
        scores=_NO_SCORES,
        frames=record["frames"],
        duration=None if duration is None else Fraction(duration),
        damaged_packets=record["damaged_packets"],
        mended_times=0,
        ended_early=None,
        info=info,
        embedding=embedding,
        events=events,
    )


def _top(record: Record) -> list[Category]:
    return [Category(entry["label"], entry["index"], entry["score"]) for entry in record["top"]]
