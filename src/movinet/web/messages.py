"""What client and server say to each other on a stream, as JSON; `docs/serve.md` describes it."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from movinet.errors import UsageError
from movinet.models import ModelInfo
from movinet.outputs.records import event_record, prediction_record
from movinet.scale import Answer
from movinet.stream import EventOptions, StreamOptions

Record = dict[str, Any]
POLICY, UNSUPPORTED, TOO_BIG, NORMAL, BUSY = 1008, 1003, 1009, 1000, 1013
FAULT, RESTART = 1011, 1012
MOST_TOP = 1000
_LONGEST = 64_000  # letters of a message in JSON
_STAMP = struct.Struct("<d")
_START_KEYS = {"type", "model", "top", "events"}
_EVENT_KEYS = {field.name for field in fields(EventOptions)}


@dataclass(frozen=True, slots=True)
class Start:
    """The first message of a client."""

    model: str
    top: int
    events: EventOptions | None


def read_message(text: str) -> Record:
    """A message in JSON.

    Raises:
        UsageError: it is none.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("a message must be JSON, or a picture in binary") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise UsageError('a message must be an object with a "type"')
    return message


def read_start(message: Record, default: str) -> Start:
    """The message `start`; `default` is the model where it names none.

    Raises:
        UsageError: it is none, or something in it makes no sense.
    """
    if message["type"] != "start":
        raise UsageError('the first message must be {"type": "start", ...}')
    unknown = sorted(message.keys() - _START_KEYS)
    if unknown:
        raise UsageError(f"unknown {unknown[0][:50]!r}: use model, top and events")
    model = message.get("model", default)
    if not isinstance(model, str):
        raise UsageError('"model" must be a name')
    top = message.get("top", 5)
    if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= MOST_TOP:
        raise UsageError(f'"top" must be a number from 1 to {MOST_TOP}')
    return Start(model, top, read_events(message.get("events")))


def read_events(given: object) -> EventOptions | None:
    """What an event is to be; None: no events.

    Raises:
        UsageError: it makes no sense.
    """
    if given is None:
        return None
    if not isinstance(given, dict):
        raise UsageError('"events" must be an object or null')
    changes = {}
    for key, value in given.items():
        if key not in _EVENT_KEYS:
            known = ", ".join(sorted(_EVENT_KEYS))
            raise UsageError(f'unknown {key[:50]!r} in "events": use some of {known}')
        if key == "background":
            if value is not None:
                if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                    raise UsageError('"background" must be a list of labels')
                value = tuple(value)
        else:
            value = _number(key, value)
        changes[key] = value
    return EventOptions(**changes)


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f'"{key}" must be a number')
    try:
        number = float(value)
    except OverflowError:  # an integer in JSON may have any length
        number = math.inf
    if not math.isfinite(number):
        raise UsageError(f'"{key}" must be a number of reasonable size')
    return number


def stream_options(info: ModelInfo, events: EventOptions | None) -> StreamOptions:
    """Streams as the model wants them, as `movinet.load` makes them.

    Raises:
        UsageError: a background label is none of the model's.
    """
    horizon = info.horizon if events is None else events.frames(info.fps, info.horizon)
    options = StreamOptions(fps=info.fps, horizon=horizon, resize=info.resize, events=events)
    for label in (events and events.background) or ():
        if label not in (info.labels or ()):
            raise UsageError(f"{info.name} has no label {label[:100]!r} for the background")
    return options


def read_frame(data: bytes) -> tuple[float, bytes]:
    """The time and the JPEG of a message in binary.

    Raises:
        UsageError: it has no time, or one that is no reasonable number.
    """
    if len(data) < _STAMP.size:
        raise UsageError("a picture must begin with its time: 8 bytes, float64, little-endian")
    (time,) = _STAMP.unpack_from(data)
    if not (math.isfinite(time) and abs(time) < 1e12):
        raise UsageError("the time of a picture must be seconds")
    return time, data[_STAMP.size :]


def ready_record(name: str, info: ModelInfo, options: StreamOptions) -> Record:
    """What the server says to `start`."""
    return {
        "type": "ready",
        "model": name,
        "fps": float(options.fps),
        "size": list(info.size),
        "horizon": options.horizon,
    }


def answer_records(answer: Answer, top: int) -> Iterator[Record]:
    """What the server says of a frame, and of events."""
    prediction = answer.prediction
    if prediction is not None:
        record = {"type": "prediction", **prediction_record("", prediction, prediction.top(top))}
        del record["video"]
        counts = {"index": prediction.index, "memory": prediction.memory}
        yield {**record, **counts, "dropped": answer.dropped}
    for event in answer.events:
        record = {"type": "event", **event_record("", event)}
        del record["video"]
        yield record


def error_record(message: str) -> Record:
    """The last that the server says when something is wrong."""
    return {"type": "error", "message": " ".join(message.split())}
