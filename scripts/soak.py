"""The long form of the tests that need patience: `make soak`.

A training run is killed twenty times at random moments, and must end as one that was left alone.
Cameras that come and go are watched for an hour, and nothing may grow. Two hundred streams are
given twice what the machine can answer, and fifty do everything wrong that a stream can.
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

import numpy as np

import movinet
from movinet.models.starter import starter_path
from movinet.runtime import open_model
from movinet.scale import cores
from movinet.synthetic import write_clips

# The servers that stand for cameras are the tests'.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from kit.growth import Growth

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
    memory = [round(found.growth.memory[place] / 1e6, 1) for place in (0, -1)]
    print(f"memory {memory[0]} MB, {memory[1]} MB at the end", flush=True)
    return flat(found.growth)


def flat(growth: Growth, most: float = 1.05) -> bool:
    """Whether nothing has grown by more than a factor; says what has, and by how much."""
    grown = {part: growth.of(part) for part in ("memory", "handles", "threads")}
    print(", ".join(f"{part} x {value:.3f}" for part, value in grown.items()), flush=True)
    return max(grown.values()) < most


def streams(seconds: float) -> bool:
    """Give 200 streams twice what can be answered; gives whether all are served alike."""
    from kit.enginesoak import overload

    model = starter_path()
    loads = [open_model(model) for _ in range(cores())]
    picture = np.random.default_rng(0).integers(0, 256, (*loads[0].info.size, 3), np.uint8)
    found = overload(loads, picture, streams=200, seconds=seconds)
    answered, dropped, offered = sum(found.answered), sum(found.dropped), sum(found.offered)
    alike = max(found.answered) / min(found.answered)
    print(f"{seconds:.0f} s of 200 streams, {offered / seconds / found.capacity:.2f} of capacity")
    print(f"{offered} frames: {answered} answered, {dropped} dropped; most to least {alike:.3f}")
    print(f"memory {found.growth.memory[0] / 1e6:.1f} MB, {found.growth.memory[-1] / 1e6:.1f} MB")
    return flat(found.growth) and alike <= 1.2 and offered == answered + dropped


def faulty(seconds: float, seed: int) -> bool:
    """Streams that do everything wrong; gives whether nothing was lost that had been taken."""
    from kit.coloured import coloured_pictures
    from kit.enginesoak import faults
    from movinet.web.jpeg import JpegDecoder

    loads = [open_model(starter_path()) for _ in range(cores())]
    events = movinet.EventOptions(on=0.2, off=0.1, minimum=0.3, memory=1)
    found = faults(
        loads,
        lambda: JpegDecoder(4096),
        coloured_pictures(),
        events,
        streams=50,
        seconds=seconds,
        seed=seed,
    )
    print(f"{seconds:.0f} s, {found.streams} streams that came and went: {found.faults}")
    print(f"wrong: {found.wrong or 'nothing'}")
    # Two thousand streams of all lengths leave gaps in memory (x 1.064 in 300 s), and nothing else:
    # the objects of Python stay as many as they were.
    return flat(found.growth, 1.1) and not found.wrong


def main() -> int:
    """Run one part or all; gives 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "part", nargs="?", choices=["train", "live", "streams", "faults"], help="default: all"
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seconds", type=float, help="default: 3600, 600 and 300, by the part")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    well = True
    if options.part in (None, "train"):
        well &= train(options.kills, options.epochs, options.seed)
    if options.part in (None, "live"):
        well &= live(options.seconds or 3600, options.seed)
    if options.part in (None, "streams"):
        well &= streams(options.seconds or 600)
    if options.part in (None, "faults"):
        well &= faulty(options.seconds or 300, options.seed)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
