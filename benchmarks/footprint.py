"""What the package costs: start-up, memory, disk."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.classify import loop_video
from benchmarks.real import INT8, VIDEOS

# Not getrusage: its peak begins with that of the process that started this one.
PEAK = """
import sys
from movinet.cli.program import run
run(sys.argv[1:])
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


def seconds(code: str) -> float:
    """Median wall time of a fresh Python that runs `code`, less that of an empty one."""

    def once(text: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", text], check=True)
        return time.perf_counter() - begin

    return statistics.median(once(code) - once("pass") for _ in range(9))


def peak_megabytes(video: Path) -> float:
    """Peak resident memory of `movinet classify`."""
    run = subprocess.run(
        [sys.executable, "-c", PEAK, "classify", str(video), "--model", str(INT8)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stderr.splitlines()[-1]) / 1024


def disk_megabytes() -> float:
    """A fresh virtual environment with pip, the package and what it needs."""
    root = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = str(Path(folder) / "bin" / "pip")
        subprocess.run(
            [pip, "install", "--quiet", str(root)], check=True, stderr=subprocess.DEVNULL
        )
        used = subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True)
        return int(used.stdout.split()[0])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for length in (10, 600):
            video = Path(folder) / f"{length}.mp4"
            loop_video(VIDEOS / "cleaning_pool_short.mp4", video, seconds=length)
            peaks.append(peak_megabytes(video))
    print("| what | measured | at most |")
    print("|---|---|---|")
    print(f"| `import movinet` | {seconds('import movinet'):.3f} s | 0.3 s |")
    code = "from movinet import Classifier, Stream, load, open_source"
    print(f"| all its names, NumPy included | {seconds(code):.2f} s | 0.3 s |")
    print(f"| peak memory, 10 s video | {peaks[0]:.0f} MB | |")
    print(f"| peak memory, 10 min video | {peaks[1]:.0f} MB | 10 MB more |")
    print(f"| fresh venv with pip and movinet | {disk_megabytes():.0f} MB | 300 MB |")
