"""The benchmark: what each model costs on each backend, side by side."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from movinet.errors import MovinetError, SourceError
from movinet.evaluation.entrants import Configuration
from movinet.evaluation.footage import Footage, FrameCost, synthetic_footage
from movinet.evaluation.isolation import Cost, bare_bytes, cost
from movinet.evaluation.labelled import Accuracy, LabelledVideo, accuracy
from movinet.evaluation.pinning import pinned
from movinet.evaluation.timing import Lane, Timing, take_turns
from movinet.models import ModelInfo
from movinet.runtime import open_model
from movinet.stream import Classifier

# What is being done, and how much of that is done, 0 to 1.
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one configuration; times in seconds, sizes in bytes.

    Attributes:
        configuration: what was run.
        info: the contract of its file.
        file_bytes: size of the model file.
        cost: what a fresh process pays: loading, first step, memory.
        timing: the steps after.
        frame: decoding and resizing a frame of `footage` for it.
        footage: which video that was.
        pinned: whether the threads were held to as many cores.
        accuracy: top-1 on the labelled videos; None without any.
    """

    configuration: Configuration
    info: ModelInfo
    file_bytes: int
    cost: Cost
    timing: Timing
    frame: FrameCost
    footage: str
    pinned: bool
    accuracy: Accuracy | None = None

    @property
    def streams_per_core(self) -> float:
        """How many streams at the model's frame rate one core can step, decoding left aside."""
        busy = self.timing.p50 * float(self.info.fps) * self.configuration.threads
        return 1 / busy


@dataclass(frozen=True, slots=True)
class NotRun:
    """A configuration that cannot run, and why, as one line."""

    configuration: Configuration
    reason: str


def benchmark(
    chosen: Sequence[Configuration],
    *,
    steps: int = 100,
    data: Sequence[LabelledVideo] = (),
    failed: Callable[[LabelledVideo, str], None] = lambda video, reason: None,
    progress: Progress = lambda what, done: None,
) -> list[Result | NotRun]:
    """Measure each configuration; they come back in the same order.

    Args:
        chosen: what to compare; ratios are against the first that runs.
        steps: counted steps of each in each of three rounds.
        data: videos for top-1; frames of the first that can be read are used for the timing too.
        failed: called once with each of them that cannot be read, and why.
        progress: called as the work goes on.
    """
    answers: dict[int, Result | NotRun] = {}
    costs = _costs(chosen, answers, progress)
    with ExitStack() as stack:
        footage = _footage_of(data) or stack.enter_context(synthetic_footage())
        lanes: dict[int, Lane] = {}
        can_pin = False
        for number in costs:
            configuration = chosen[number]
            entrant = configuration.entrant
            progress("preparing", len(lanes) / len(costs))
            try:
                with pinned(configuration.threads) as can_pin:
                    model = open_model(
                        entrant.path,
                        info=entrant.info,
                        backend=configuration.backend,
                        threads=configuration.threads,
                    )
                images = footage.images(model.info)
                lanes[number] = Lane(model, images, configuration.threads)
            except MovinetError as error:
                answers[number] = NotRun(configuration, str(error))
        timings = take_turns(list(lanes.values()), steps=steps, progress=partial(progress, "steps"))
        found = _accuracies(chosen, lanes, data, failed, progress)
        for (number, lane), timing in zip(lanes.items(), timings, strict=True):
            configuration = chosen[number]
            answers[number] = Result(
                configuration,
                lane.model.info,
                configuration.entrant.path.stat().st_size,
                costs[number],
                timing,
                footage.cost(lane.model.info),
                footage.description,
                can_pin,
                found.get(number),
            )
    return [answers[number] for number in range(len(chosen))]


def _costs(
    chosen: Sequence[Configuration], answers: dict[int, Result | NotRun], progress: Progress
) -> dict[int, Cost]:
    """What a process of its own says of each that runs; the others are answered here."""
    costs = {}
    progress("loading", 0.0)
    bare = bare_bytes() if any(c.entrant.info is not None for c in chosen) else None
    for number, configuration in enumerate(chosen):
        progress("loading", number / len(chosen))
        if configuration.entrant.problem is not None:
            answers[number] = NotRun(configuration, configuration.entrant.problem)
            continue
        try:
            costs[number] = cost(configuration, bare)
        except MovinetError as error:
            answers[number] = NotRun(configuration, str(error))
    return costs


def _footage_of(data: Sequence[LabelledVideo]) -> Footage | None:
    """The first labelled video that can be read."""
    for video in data:
        footage = Footage(video.path, Path(video.path).name)
        try:
            footage.check()
        except SourceError:
            continue
        return footage
    return None


def _accuracies(
    chosen: Sequence[Configuration],
    lanes: dict[int, Lane],
    data: Sequence[LabelledVideo],
    failed: Callable[[LabelledVideo, str], None],
    progress: Progress,
) -> dict[int, Accuracy]:
    """Top-1 by configuration; the number of threads changes nothing in it."""
    found: dict[int, Accuracy] = {}
    if not data:
        return found
    known: dict[tuple[Path, str], Accuracy | None] = {}
    readable = list(data)

    def leave_out(video: LabelledVideo, reason: str) -> None:
        readable.remove(video)
        failed(video, reason)

    for number, lane in lanes.items():
        configuration = chosen[number]
        key = configuration.entrant.path, configuration.backend
        if key not in known:
            known[key] = accuracy(
                Classifier(lane.model),
                list(readable),
                failed=leave_out,
                progress=partial(progress, f"top-1 of {configuration.entrant.name}"),
            )
        answer = known[key]
        if answer is not None:
            found[number] = answer
    return found


def machine() -> str:
    """What the figures are measured on, in a few words."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )
