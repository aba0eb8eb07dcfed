"""The demonstration behind `make demo`: a clip, a model, scores over time."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path("demo")
ACTION = "jumping jacks"


def run(*arguments: str) -> int:
    """Run a command of the program, and show it as it would be typed."""
    print("\n$ movinet " + " ".join(f'"{a}"' if " " in a else a for a in arguments), flush=True)
    program = str(Path(sys.executable).with_name("movinet"))
    return subprocess.run([program, *arguments], check=False).returncode


def main() -> int:
    """Run the demonstration; gives the exit status of `movinet classify`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--labels")
    parser.add_argument("--video")
    options = parser.parse_args()
    video = options.video
    if video is None:
        video = str(FOLDER / ACTION / "000000.mp4")
        drawn = run("synthesize", str(FOLDER), "--clips", "1", "--seed", "7", "--classes", ACTION)
        if drawn:
            return drawn
    chosen = ["--model", options.model] if options.model else []
    chosen += ["--labels", options.labels] if options.labels else []
    return run("classify", video, "--per-frame", "--top", "3", *chosen)


if __name__ == "__main__":
    sys.exit(main())
