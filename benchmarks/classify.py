"""`movinet classify` as a process, from start to exit, against a plain OpenCV script.

CPU seconds of the whole process, both pinned to one core, in turns.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from benchmarks.real import INT8, LABELS, VIDEOS

ROUNDS = 7


def loop_video(source: Path, target: Path, *, seconds: int = 60, rate: int = 30) -> None:
    """`source` over and over at `rate` frames a second, H.264 with x264's defaults."""
    import av

    with av.open(str(source)) as container:
        frames = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for number in range(seconds * rate):
            frame = frames[number % len(frames)]
            frame.pts, frame.time_base = number, Fraction(1, rate)
            frame.pict_type = 0
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def cpu_seconds(command: list[str]) -> float:
    """User and system time of a finished child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # An installed package has its bytecode; an editable one writes it in the warm-up below.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print("| video | plain script, CPU s | `movinet classify`, CPU s | ratio | at most |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        minute = Path(folder) / "minute.mp4"
        loop_video(VIDEOS / "juggling_soccer_ball.mp4", minute)
        for name, video, bound in (
            ("60 s, 1280x720, 30 fps, H.264", minute, 0.75),
            ("yoga.mp4 (10 s, 568x320)", VIDEOS / "yoga.mp4", 1.0),
        ):
            program = str(Path(sys.executable).with_name("movinet"))
            ours = [program, "classify", str(video), "--model", str(INT8), "--labels", str(LABELS)]
            plain = [sys.executable, "-m", "benchmarks.plain_loop"]
            plain += [str(video), str(INT8), str(LABELS)]
            for command in (plain, ours):  # files into memory, bytecode onto the disk
                cpu_seconds(command)
            times = [(cpu_seconds(plain), cpu_seconds(ours)) for _ in range(ROUNDS)]
            ratio = statistics.median(b / a for a, b in times)
            a, b = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"| {name} | {a:.2f} | {b:.2f} | {ratio:.2f} | {bound:.2f} |")
