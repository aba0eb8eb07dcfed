"""Teach a network where the joints of drawn figures are: the first step to the starter model.

    python scripts/draw_starter_clips.py clips
    python scripts/learn_posture.py clips/drawn posture.safetensors

What follows is in docs/starter.md. May be stopped at any moment and started again.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from movinet.datasets import cache_clips, read_dataset, stored_size
from movinet.network import MoViNet, NetworkConfig, save
from movinet.synthetic import locate_joints
from movinet.synthetic.skeleton import JOINTS, SHOULDER
from movinet.training.posture import PostureRecipe, PostureTrainer

SIZE, FPS = 96, 10
_DRAWN = 224  # pixels of the clips
# Left and right joints take turns from the shoulders on.
_MIRROR = [
    *range(SHOULDER),
    *(joint + (1, -1)[joint % 2 == 0] for joint in range(SHOULDER, JOINTS)),
]


def main() -> int:
    """Learn, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="a folder that 'movinet synthesize' has drawn")
    parser.add_argument("out", help="the .safetensors file to write")
    parser.add_argument("--steps", type=int, default=PostureRecipe().steps)
    parser.add_argument("--cache", help="where decoded clips are kept")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    folder, out = Path(options.data), Path(options.out)
    dataset = read_dataset(folder / "clips.csv")
    with (folder / "clips.csv").open(newline="") as file:
        seeds = {str(folder / row["path"]): int(row["seed"]) for row in csv.DictReader(file)}
    clips = cache_clips(dataset, fps=FPS, size=stored_size(SIZE), folder=options.cache)
    joints = [
        (locate_joints(clip.label, seeds[clip.path])[0] / _DRAWN).astype(np.float32)
        for clip in clips.dataset.clips
    ]
    torch.manual_seed(0)
    # There are more clips than the network can learn by heart in so few passes.
    net = MoViNet(replace(NetworkConfig.of("a0", "lite"), dropout=0.2, drop_path=0.0))
    net.info = replace(net.info, size=(SIZE, SIZE), fps=Fraction(FPS))
    net.replace_classifier(len(dataset.labels), dataset.labels)
    began = time.monotonic()

    def progress(trainer: PostureTrainer) -> None:
        gone = time.monotonic() - began
        print(f"step {trainer.step}: joints {trainer.fit:.3f}, {gone:.0f} s", flush=True)

    trainer = PostureTrainer(
        net, clips, joints, PostureRecipe(steps=options.steps), _MIRROR, device=options.device
    )
    trainer.run(out.with_suffix(".checkpoint"), 250, progress)
    save(net.cpu().eval(), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
