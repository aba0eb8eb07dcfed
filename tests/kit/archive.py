"""Archives of small clips, jobs that misbehave, and the processes of a run."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from kit.clips import write_colour
from kit.tiny_model import TinyModel
from movinet import load
from movinet.outputs.showing import Reached, Showing
from movinet.scale import Job, Outcome
from movinet.stream import Classifier


@dataclass(frozen=True, slots=True, kw_only=True)
class OddJob(Job):
    """Keeps a diary of what it begins, and does with a video what its name says.

    "killer" ends the process; "killer-once" does when it is the first to read it; "sleeper" never
    comes to an end; "slow" takes a second; "faulty" finds a fault in the program.
    """

    diary: Path

    def classify(self, classifier: Classifier, video: str, reached: Reached) -> Outcome:
        name = Path(video).stem
        before = begun(self.diary).count(video)
        with self.diary.open("a") as file:
            file.write(f"{video}\n")
        if name.startswith("killer-once"):
            if not before:
                os.kill(os.getpid(), signal.SIGKILL)
        elif name.startswith("killer"):
            os.kill(os.getpid(), signal.SIGKILL)
        elif name.startswith("sleeper"):
            time.sleep(1000)
        elif name.startswith("slow"):
            time.sleep(1)
        elif name.startswith("faulty"):
            raise RuntimeError("out of\nluck")
        return Job.classify(self, classifier, video, reached)


def begun(diary: Path) -> list[str]:
    """What an `OddJob` has begun so far, in that order."""
    return diary.read_text().splitlines() if diary.exists() else []


def write_model(folder: Path) -> Path:
    """A tiny model of three classes, with a pooled feature."""
    path = folder / "model.tflite"
    path.write_bytes(TinyModel(classes=3, embedding=True).data)
    return path


def write_archive(folder: Path, names: list[str]) -> list[str]:
    """Clips of these names; gives their paths."""
    paths = []
    for number, name in enumerate(names):
        colour = (40 * number % 250, 90, 250 - 30 * number % 250)
        paths.append(str(write_colour(folder / f"{name}.mp4", colour, frames=6 + number % 5)))
    return paths


def tiny_job(folder: Path, **changes) -> Job:
    """A job of the tiny model; an `OddJob` when it is given a diary."""
    model = write_model(folder)
    classifier = load(model)
    kind = OddJob if "diary" in changes else Job
    return kind(
        model=model,
        info=classifier.info,
        options=classifier.options,
        **{"showing": Showing(), **changes},
    )


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, *, seconds: float = 20.0):
    """What `condition` gives once that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found
