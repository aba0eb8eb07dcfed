"""Real clips on many processes: the records are those of one."""

from __future__ import annotations

import json
import subprocess
import sys

from kit.real import INT8, LABELS, REAL, VIDEOS


def test_two_processes_say_what_one_says():
    clips = sorted((REAL / "finetune" / "fight").glob("*.mp4"))[:12]
    # Damaged, without a picture, without a length, animated, turned.
    odd = ["corrupted.mp4", "no_duration_vp9.webm", "horse_riding.gif", "rotation_90.mov"]
    videos = [*map(str, clips), *(str(VIDEOS / name) for name in odd)]

    def run(*options: str) -> tuple[list[dict], list[str]]:
        command = [sys.executable, "-m", "movinet", "classify", *videos, "--json", *options]
        command += ["--model", str(INT8), "--labels", str(LABELS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.splitlines()

    alone, told = run()
    assert len(alone) == len(videos)
    many, told_too = run("--jobs", "2")
    assert many == alone
    assert sorted(told_too[:-1]) == sorted(told)
