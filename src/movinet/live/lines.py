"""`Lines`: what cameras show, as JSON Lines."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Self

from movinet.live.health import State
from movinet.live.records import Record, answer_record, event_record, health_record
from movinet.live.watch import Answer, Watch
from movinet.outputs.textfile import TextOutput
from movinet.stream import Category

_HEALTH_SECONDS = 60.0


class Lines:
    """A line for each event, or for each prediction where events are not asked for.

    Also one when a camera's state has changed, and one for each camera a minute and at the end;
    of one that has ended there is nothing new to tell.
    """

    def __init__(self, output: TextOutput, *, events: bool) -> None:
        self._output, self._events = output, events
        self._told = time.monotonic()
        self._ended: set[str] = set()

    def answer(self, answer: Answer, top: list[Category], watching: Watch) -> None:
        """Write what there is to tell of one camera."""
        name = answer.camera.name
        if answer.state is not None:
            self._write(health_record(name, watching.health[name]))
            if answer.state == State.ENDED:
                self._ended.add(name)
            else:  # a process that has died begins anew with all its cameras
                self._ended.discard(name)
        if answer.prediction is not None and not self._events:
            self._write(answer_record(answer, top))
        for event in answer.events:
            self._write(event_record(name, event))

    def tick(self, watching: Watch, *, now: bool = False) -> None:
        """Write how the cameras do, once a minute or `now`."""
        moment = time.monotonic()
        if not now and moment - self._told < _HEALTH_SECONDS:
            return
        self._told = moment
        for name, health in watching.health.items():
            if name not in self._ended:
                self._write(health_record(name, health))

    def _write(self, record: Record) -> None:
        self._output.write(json.dumps(record) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._output.close()
