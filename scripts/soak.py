"""The long form of the tests that need patience: `make soak`.

A training run is killed twenty times at random moments, and must end as one that was left alone.
Cameras that come and go are watched for an hour, and nothing may grow.
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

import movinet
from movinet.synthetic import write_clips

# The servers that stand for cameras are the tests'.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

ACTIONS = ("jumping jacks", "push up", "situp", "standing or walking")


def start(data: Path, out: Path, epochs: int) -> subprocess.Popen[bytes]:
    """A training run as its own process."""
    options = ["--from", "scratch", "--size", "64", "--fps", "10", "--precision", "dynamic"]
    options += ["--epochs", str(epochs), "--cache", str(data / "cache"), "--out", str(out)]
    command = [sys.executable, "-m", "movinet", "train", str(data / "clips.csv"), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def train(kills_wanted: int, epochs: int, seed: int) -> bool:
    """Draw clips, train twice, compare; gives whether nothing differs."""
    folder = Path(tempfile.mkdtemp())
    write_clips(folder, 64, 1, ACTIONS, size=96)
    began = time.monotonic()
    if start(folder, folder / "alone", epochs).wait():
        raise SystemExit("the run that was left alone failed")
    print(f"left alone: {time.monotonic() - began:.0f} s", flush=True)
    chance = random.Random(seed)
    began, kills = time.monotonic(), 0
    while True:
        child = start(folder, folder / "killed", epochs)
        try:
            # From before the first checkpoint of a life to several after it.
            child.wait(chance.uniform(3, 14) if kills < kills_wanted else None)
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
    return not differ and kills >= kills_wanted


def live(seconds: float, seed: int) -> bool:
    """Watch cameras that are cut off every ten seconds or so; gives whether nothing has grown."""
    from kit.film import film
    from kit.livesoak import soak

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        film(path, list(ACTIONS[:3]), seed=3, action=3, between=2)
        classifier = movinet.load("starter", events=movinet.EventOptions())
        found = soak(classifier, path, seconds, between_cuts=10, seed=seed)
    print(f"{seconds:.0f} s of cameras, {found.cuts} cuts, connections {found.connections}")
    print(f"answers {found.answers}")
    memory = [round(value / 1e6, 1) for value in (found.memory[0], found.memory[-1])]
    print(f"memory {memory[0]} MB, {memory[1]} MB at the end", flush=True)
    grown = {part: found.growth(part) for part in ("memory", "handles", "threads")}
    print(", ".join(f"{part} x {value:.3f}" for part, value in grown.items()))
    return max(grown.values()) < 1.05


def main() -> int:
    """Run one part or all; gives 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", nargs="?", choices=["train", "live"], help="default: all")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    well = True
    if options.part in (None, "train"):
        well &= train(options.kills, options.epochs, options.seed)
    if options.part in (None, "live"):
        well &= live(options.seconds, options.seed)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
