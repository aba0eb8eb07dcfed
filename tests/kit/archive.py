"""Archives of small clips, jobs that misbehave, and the processes of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kit.clips import write_colour
from kit.tiny_model import TinyModel
from movinet import load
from movinet.outputs.showing import Reached, Showing
from movinet.scale import Job, Outcome
from movinet.scale.journal import read_story
from movinet.stream import Classifier

NAMES = ["a", "b", "c", "d", "e"]


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
    assert classifier.file is not None
    kind = OddJob if "diary" in changes else Job
    return kind(
        model=classifier.file,
        options=classifier.options,
        **{"showing": Showing(), **changes},
    )


def classify(place: Path, *arguments, **options) -> subprocess.CompletedProcess[str]:
    """Run `movinet classify` in a folder with a tiny model."""
    done = subprocess.run(
        command(*arguments),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        **options,
    )
    assert "Traceback" not in done.stderr
    return done


def command(*arguments) -> list[str]:
    """The command line of `classify`."""
    line = [sys.executable, "-m", "movinet", "classify", *map(str, arguments)]
    return [*line, "--model", "model.tflite"]


def held_up(
    place: Path, folder: Path, *options, tries: int = 1
) -> tuple[subprocess.Popen[str], list[str], Path]:
    """A run that is done but for a pipe, which nobody writes to; its videos, and the pipe.

    `tries`: how often the pipe has been begun by then.
    """
    if tries == 1:
        write_archive(folder, NAMES)
    pipe = folder / "bb.mp4"
    os.mkfifo(pipe)
    videos = sorted(map(str, folder.glob("*.mp4")))
    line = command(*videos, "--jobs", 2, "--out", folder / "out.jsonl", *options)
    run = subprocess.Popen(line, cwd=place, stderr=subprocess.PIPE, text=True)
    journal = folder / "out.jsonl.journal"

    def all_but_one() -> bool:
        if not journal.exists():
            return False
        with journal.open("rb") as file:
            story = read_story(file)
        return len(story.done) == len(NAMES) and len(story.failed.get(str(pipe), ())) == tries

    wait_for(all_but_one, seconds=80)
    return run, videos, pipe


def gone_on(place: Path, folder: Path, videos: list[str], *options) -> list[str]:
    """Give the same command again and see that all is there; what it says, line by line."""
    done = classify(place, *videos, "--jobs", 2, "--out", folder / "out.jsonl", *options)
    assert done.returncode == 0, done.stderr
    lines = (folder / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["video"] for line in lines] == videos
    alone = classify(place, *videos, "--json")
    assert alone.stdout.splitlines() == lines
    assert done.stdout == ""
    return done.stderr.splitlines()


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
