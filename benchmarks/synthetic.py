"""Drawing clips of figures that perform actions, on one core.

Processor time is counted, so that a busy machine changes little.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from movinet.synthetic import LABELS, plan_clips, render_clip
from movinet.synthetic.writing import write_clip

ROUNDS = 3


def rendered(seed: int) -> float:
    """Frames drawn in a second, over one clip of each action."""
    begin, frames = time.process_time(), 0
    for label in LABELS:
        frames += len(render_clip(label, seed))
    return frames / (time.process_time() - begin)


def written(seed: int) -> float:
    """Frames drawn, compressed and written in a second, over one clip of each action."""
    with tempfile.TemporaryDirectory() as folder:
        clips = plan_clips(len(LABELS), seed)
        for clip in clips:
            (Path(folder) / clip.label).mkdir()
        begin = time.process_time()
        for clip in clips:
            write_clip(Path(folder), clip)
        return len(clips) * 30 / (time.process_time() - begin)


def main() -> None:
    """Print the table."""
    render_clip(LABELS[0], 0)
    print("| 224x224, one core | frames per second |")
    print("|---|---|")
    for name, measure in (("drawn", rendered), ("drawn and written as H.264", written)):
        print(f"| {name} | {statistics.median(measure(seed) for seed in range(ROUNDS)):.0f} |")
