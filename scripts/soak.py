"""The long form of the tests that need patience: `make soak`.

A training run is killed twenty times at random moments, and must end as one that was left alone.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from movinet.synthetic import write_clips

ACTIONS = ("jumping jacks", "push up", "situp", "standing or walking")


def start(data: Path, out: Path, epochs: int) -> subprocess.Popen[bytes]:
    """A training run as its own process."""
    options = ["--from", "scratch", "--size", "64", "--fps", "10", "--precision", "dynamic"]
    options += ["--epochs", str(epochs), "--cache", str(data / "cache"), "--out", str(out)]
    command = [sys.executable, "-m", "movinet", "train", str(data / "clips.csv"), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    """Draw clips, train twice, compare; gives 0 when nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    write_clips(folder, 64, 1, ACTIONS, size=96)
    began = time.monotonic()
    if start(folder, folder / "alone", options.epochs).wait():
        raise SystemExit("the run that was left alone failed")
    print(f"left alone: {time.monotonic() - began:.0f} s", flush=True)
    chance = random.Random(options.seed)
    began, kills = time.monotonic(), 0
    while True:
        child = start(folder, folder / "killed", options.epochs)
        try:
            # From before the first checkpoint of a life to several after it.
            child.wait(chance.uniform(3, 14) if kills < options.kills else None)
            break
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            kills += 1
    print(f"killed {kills} times: {time.monotonic() - began:.0f} s", flush=True)
    differ = [
        name
        for name in ("metrics.jsonl", "model.tflite", "settings.json")
        if (folder / "alone" / name).read_bytes() != (folder / "killed" / name).read_bytes()
    ]
    print(f"differ: {', '.join(differ) or 'nothing'}")
    shutil.rmtree(folder)
    return 1 if differ or kills < options.kills else 0


if __name__ == "__main__":
    sys.exit(main())
