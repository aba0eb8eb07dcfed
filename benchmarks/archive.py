"""Forty clips on many processes, and on Ray: how much faster, and what it costs.

Whole runs of `movinet classify`, from start to exit, in turns. "Once started" is the rate between
the first result and the last, over the same clips five times: what is left of an engine when its
start no longer counts.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.real import INT8, LABELS, REAL

ROUNDS, CLIPS, TIMES = 5, 40, 5


def clips() -> list[str]:
    """Of people who fight, and who do not: some two seconds each."""
    found = sorted((REAL / "finetune").glob("*/*.mp4"))
    return [str(path) for path in found[:: len(found) // CLIPS][:CLIPS]]


def timed(options: Sequence[str], *, cores: set[int]) -> tuple[float, float]:
    """Seconds and CPU seconds of a run held to some cores."""
    command = [sys.executable, "-m", "movinet", "classify", *clips(), "--json", *options]
    command += ["--model", str(INT8), "--labels", str(LABELS)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rate(engine: str, jobs: int) -> float:
    """Clips a second once started, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.archive", engine, str(jobs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def measure(engine: str, jobs: int) -> float:
    """The same, in this process."""
    from movinet import load
    from movinet.outputs.showing import Showing
    from movinet.scale import Job, Ledger, Processes
    from movinet.scale.rayengine import RayEngine

    classifier = load(INT8, labels=LABELS)
    assert classifier.file is not None
    job = Job(model=classifier.file, options=classifier.options, showing=Showing())
    moments: list[float] = []
    with TemporaryDirectory() as folder:
        videos = []
        for number in range(TIMES):
            for path in clips():
                # Each video is done once: so the same one under many names.
                link = Path(folder) / f"{number}-{Path(path).name}"
                link.symlink_to(path)
                videos.append(str(link))
        ledger = Ledger(videos, told=lambda outcome: moments.append(time.perf_counter()))
        with Processes(job, jobs) if engine == "processes" else RayEngine(job, jobs, None) as made:
            made.run(ledger.todo, ledger)
    # The first of each worker waits for its start.
    first = moments[2 * jobs]
    return (len(moments) - 1 - 2 * jobs) / (moments[-1] - first)


def main() -> None:
    """Print the tables."""
    everywhere = os.sched_getaffinity(0)
    one, count = {min(everywhere)}, len(everywhere)
    runs = {
        "no `--jobs`, one core": ((), one),
        "`--jobs 1`, one core": (("--jobs", "1"), one),
        "`--jobs 1`": (("--jobs", "1"), everywhere),
        f"`--jobs {count}`": (("--jobs", str(count)), everywhere),
    }
    for options, cores in runs.values():
        timed(options, cores=cores)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (options, cores) in runs.items():
            found[name].append(timed(options, cores=cores))
    middle = {
        name: [statistics.median(column) for column in zip(*times, strict=True)]
        for name, times in found.items()
    }
    base = middle["`--jobs 1`, one core"][0]
    print(f"{CLIPS} clips, {INT8.stem}, {count} cores.\n")
    print("| run | seconds | CPU seconds | times `--jobs 1` on one core |")
    print("|---|---|---|---|")
    for name, (seconds, cpu) in middle.items():
        print(f"| {name} | {seconds:.2f} | {cpu:.2f} | {base / seconds:.2f} |")
    print(f"\nOnce started, {CLIPS * TIMES} clips, clips a second:\n")
    print(f"| `--jobs {count}` | `--engine ray --jobs {count}` | ratio | at least |")
    print("|---|---|---|---|")
    pairs = [(rate("processes", count), rate("ray", count)) for _ in range(3)]
    ours, rays = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"| {ours:.1f} | {rays:.1f} | {rays / ours:.2f} | 0.85 |")


if __name__ == "__main__":
    print(measure(sys.argv[1], int(sys.argv[2])))
