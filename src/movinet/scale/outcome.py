"""`Outcome`: what came of one video."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from movinet.outputs.records import Record, error_record
from movinet.runtime import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a worker says of one video, small enough to be sent anywhere.

    Attributes:
        video: its name, as it was given.
        lines: its results as JSON Lines, the last of them of the whole video, or why it failed.
        error: why it failed; None: it did not.
        warnings: what people should know of it, a line each.
        cpu: seconds of processor time that it took, starting a worker included.
        seconds: how much of the video was watched.
        embedding: `[channels]` float32, where it was asked for and the model gives it.
    """

    video: str
    lines: str = field(repr=False)
    error: str | None = None
    warnings: tuple[str, ...] = ()
    cpu: float = 0.0
    seconds: float = 0.0
    embedding: FloatArray | None = field(default=None, repr=False)


def lines_of(records: list[Record]) -> str:
    """JSON Lines. ASCII, as everywhere, so that no name of a file can spoil them."""
    return "".join(f"{json.dumps(record)}\n" for record in records)


def failure(video: str, error: str) -> Outcome:
    """The outcome of a video of which nothing is known but that it failed."""
    return Outcome(video, lines_of([error_record(video, error)]), error)
