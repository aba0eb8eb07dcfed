"""`movinet live`: cameras, as they go on."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from movinet.cli.downloadbar import DownloadBar
from movinet.cli.eventoptions import chosen_events, event_options, say_delay
from movinet.cli.options import (
    Number,
    backend_option,
    horizon_option,
    labels_option,
    model_option,
    model_or_starter,
    threads_option,
)
from movinet.cli.program import DONE, FAILED, INTERRUPTED, loaded
from movinet.cli.targets import check_targets
from movinet.errors import SourceError, UsageError
from movinet.live import Answer, Camera, Fleet, State, Watch, Watching, read_cameras
from movinet.live.camera import without_password
from movinet.live.dashboard import Dashboard
from movinet.live.fleet import processes_for
from movinet.live.lines import Lines
from movinet.live.watch import check_names
from movinet.outputs.beside import check_place
from movinet.outputs.eventcommand import EventCommand
from movinet.outputs.textfile import TextOutput
from movinet.stream import EventOptions, load

_LONGEST_WAIT = 0.2  # seconds; the screen shows meanwhile that nothing comes
# Seconds that programs on events have after SIGTERM: whoever sends it kills soon.
_GRACE = 3.0


@click.command()
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="camera:0, picamera, rtsp://..., a file with --realtime; may be repeated.",
)
@click.option("--config", metavar="FILE.toml", help="Cameras, a [[camera]] each.")
@model_option
@labels_option
@click.option(
    "--top", default=3, show_default=True, type=click.IntRange(1), help="Classes to show."
)
@click.option("--realtime", is_flag=True, help="Show files at their own pace, as if cameras.")
@click.option("--loop", is_flag=True, help="Begin such a file again at its end.")
@click.option("--seconds", type=Number(0, min_open=True), help="Stop after so long.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines (default where no terminal is).")
@click.option("--out", metavar="FILE", help="Also write JSON Lines to FILE.")
@click.option("--fps", type=Number(), help="Frames per second for the model (default: as trained).")
@click.option(
    "--crop", type=click.Choice(["stretch", "center"]), help="How to resize (default: model's)."
)
@event_options
@horizon_option
@threads_option
@backend_option
def live(
    sources: Sequence[str],
    config: str | None,
    model: str | None,
    labels: str | None,
    top: int,
    realtime: bool,
    loop: bool,
    seconds: float | None,
    as_json: bool,
    out: str | None,
    fps: float | None,
    crop: str | None,
    horizon: int | Literal["model"] | None,
    threads: int,
    backend: str | None,
    **given: Any,  # noqa: ANN401 (the options of events)
) -> int:
    """Watch cameras: what they show now, and what has happened.

    \b
    movinet live --source camera:0 --events
    movinet live --source rtsp://door/1 --source rtsp://yard/1 --events --json
    movinet live --config cameras.toml
    movinet live --source dance.mp4 --realtime
    """
    on_event = given["on_event"]
    events = chosen_events(given, wanted=config is not None)
    cameras = _cameras(sources, config, events, realtime=realtime, loop=loop)
    if out is not None:
        check_place(out)
    screen: Dashboard | None = None
    if not as_json and sys.stdout.isatty():
        screen = Dashboard([camera.name for camera in cameras], events=events is not None)

    def say(text: str) -> None:
        # What is said after the end, or before the beginning, the screen does not show.
        if screen is not None and screen.open:
            screen.note(text)
        else:
            _warn(text)

    def pass_on(line: str) -> None:
        if screen is not None and screen.open:
            screen.above(line)
        else:
            click.echo(line, err=True)

    # Whatever else is written to the terminal spoils what is drawn there.
    listen = pass_on if screen is not None and sys.stderr.isatty() else None
    commands: dict[str, EventCommand] = {}
    for camera in cameras:
        command = camera.on_event or on_event
        if command is not None and command not in commands:
            try:
                commands[command] = EventCommand(command, say=say, listen=listen)
            except UsageError as error:
                raise camera.fault("on_event", error) from error
    model = model_or_starter(model)
    with DownloadBar(model) as progress:
        classifier = load(
            model,
            labels=labels,
            fps=fps,
            horizon=horizon,
            resize=crop,
            threads=threads,
            backend=backend,
            events=events,
            progress=progress,
        )
    check_targets(
        [("--out", out)],
        [
            ("the model", None if classifier.file is None else classifier.file.path),
            ("the list of labels", labels),
            ("the file of cameras", config),
            *(("the video", camera.source) for camera in cameras),
        ],
    )
    if events is not None:
        say_delay(classifier.info, classifier.options)
    for camera in cameras:
        if camera.events is not None:
            try:
                classifier.detector(camera.events)  # says now what is wrong with it
            except UsageError as error:
                raise camera.fault("background", error) from error
    with ExitStack() as stack:
        for runs in commands.values():
            stack.enter_context(runs)
        views: list[Dashboard | Lines] = []
        if out is not None:
            views.append(Lines(TextOutput(out), events=events is not None))
        views.append(screen or Lines(TextOutput(None), events=events is not None))
        for view in views:
            stack.enter_context(view)
        many = processes_for(len(cameras)) > 1
        watch: Watch = (Fleet if many else Watching)(classifier, cameras)
        watching = stack.enter_context(watch)
        loaded()
        return _Run(watching, views, commands, on_event, top, say).go(seconds)


def _cameras(
    sources: Sequence[str],
    config: str | None,
    events: EventOptions | None,
    *,
    realtime: bool,
    loop: bool,
) -> list[Camera]:
    if not sources and config is None:
        raise UsageError("no camera: name one with --source camera:0, or a file of them, --config")
    if loop and not realtime:
        raise UsageError("--loop is for files that are shown with --realtime")
    if not all(source.strip() for source in sources):
        raise UsageError("--source is empty: name a camera, for example camera:0")
    cameras = [
        Camera(without_password(source), source, realtime=realtime, loop=loop) for source in sources
    ]
    for camera in cameras:
        if camera.is_file and not Path(camera.source).is_file():
            raise UsageError(f"cannot read {camera.source}: no such file or camera")
    names = [camera.name for camera in cameras]
    cameras = [
        replace(camera, name=f"{camera.name} ({names[: number + 1].count(camera.name)})")
        if names.count(camera.name) > 1
        else camera
        for number, camera in enumerate(cameras)
    ]
    if config is not None:
        cameras += read_cameras(config, events or EventOptions())
    check_names(cameras)
    return cameras


class _Run:
    """One run: answers to views and commands, until it is to end."""

    def __init__(
        self,
        watching: Watch,
        views: Sequence[Dashboard | Lines],
        commands: dict[str, EventCommand],
        on_event: str | None,
        top: int,
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._watching, self._views = watching, views
        self._commands, self._on_event, self._top = commands, on_event, top
        self._asked: list[int] = []  # signals
        self._ending = False
        self._warned: set[str] = set()  # cameras that are lost

    def go(self, seconds: float | None) -> int:
        """Run, and give the exit status.

        Raises:
            SourceError: no camera can be had at all.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        until = None if seconds is None else time.monotonic() + seconds
        watching = self._watching
        while not watching.over and (until is None or time.monotonic() < until):
            for answer in watching.wait(_LONGEST_WAIT):
                self._fail_for_one()
                self._tell(answer)
            self._fail_for_one()
            if self._hopeless():
                for answer in watching.wait(0):  # what has been lost meanwhile
                    self._tell(answer)
                raise SourceError(f"none of the {len(watching.health)} cameras can be had")
            for view in self._views:
                view.tick(watching)
        self._ending = True
        # Asked before `finish` ends all the others: to be stopped is no failure.
        over = watching.over and not self._asked
        for answer in watching.finish():
            self._tell(answer)
        for view in self._views:
            view.tick(watching, now=True)
        if signal.SIGINT in self._asked:
            return INTERRUPTED
        failed = any(health.reason for health in watching.health.values())
        return FAILED if failed and over else DONE

    def _stop(self, number: int, frame: object) -> None:
        # What has begun to tell somebody of an event may finish, if nobody is in a hurry.
        hurry = number == signal.SIGINT and (self._ending or signal.SIGINT in self._asked)
        if hurry or number == signal.SIGTERM:
            for command in self._commands.values():
                command.stop(0.0 if hurry else _GRACE)
        self._asked.append(number)
        self._watching.stop()

    def _fail_for_one(self) -> None:
        """Of a single camera that cannot be had, its own reason says all."""
        every = list(self._watching.health.values())
        if len(every) == 1 and self._hopeless():
            raise SourceError(every[0].reason)

    def _hopeless(self) -> bool:
        """Whether no camera can be had at all: waiting will not mend what is wrong then."""
        every = self._watching.health.values()
        lost = all(health.state in (State.LOST, State.ENDED) for health in every)
        return lost and not any(health.connections for health in every)

    def _tell(self, answer: Answer) -> None:
        name, prediction = answer.camera.name, answer.prediction
        reason = self._watching.health[name].reason
        if answer.state == State.LIVE:
            self._warned.discard(name)
        elif answer.state == State.ENDED and reason:
            self._say(f"{name}: ended ({reason})")
        elif answer.state == State.LOST and name not in self._warned:
            # Once, and not each time that it cannot be had again.
            self._warned.add(name)
            self._say(f"{name}: lost ({reason})")
        best = [] if prediction is None else prediction.top(self._top)
        for view in self._views:
            view.answer(answer, best, self._watching)
        command = self._commands.get(answer.camera.on_event or self._on_event or "")
        if command is not None:
            for event in answer.events:
                command.event(name, event)


def _warn(text: str) -> None:
    click.echo(f"movinet: warning: {' '.join(text.split())}", err=True)
