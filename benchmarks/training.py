"""Training A0 `lite` from scratch: the network alone, and the whole loop with its clips.

In turns on the same cores: the same steps on one batch that lies in memory, and an epoch that reads
clips from the cache, cuts, resizes and recolours them on its one loading thread.
"""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

import torch

from movinet.datasets import Batches, cache_clips, read_dataset, stored_size
from movinet.synthetic import write_clips
from movinet.training import RECIPES, fresh
from movinet.training.memory import kept_memory
from movinet.training.recipes import Stage
from movinet.training.trainer import Trainer

CLIPS, BATCH, FRAMES, ROUNDS = 64, 16, 16, 3
STAGES = (Stage(size=0.5, frames=0.5), Stage(size=0.75, frames=0.67), Stage())


@kept_memory()
def main() -> None:
    """Print the table."""
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads.\n")
    print("| pixels | frames | network alone, clips a second | whole | whole / network |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        write_clips(folder, CLIPS, 1, size=224)
        side = fresh("a0", "lite", 0).info.size[0]
        clips = cache_clips(
            read_dataset(Path(folder) / "clips.csv"),
            fps=10,
            size=stored_size(side),
            folder=Path(folder) / "cache",
        )
        for stage in STAGES:
            net = fresh("a0", "lite", 0)
            net.replace_classifier(len(clips.labels), clips.labels)
            recipe = dataclasses.replace(
                RECIPES["scratch"], epochs=ROUNDS + 1, batch=BATCH, stages=(stage,)
            )
            trainer = Trainer(net, recipe, clips, None, frames=FRAMES, seed=0, workers=1)
            size, frames = round(stage.size * side), max(2, round(stage.frames * FRAMES))
            batch = next(
                iter(Batches(clips, batch=BATCH, frames=frames, size=size, seed=0, workers=0))
            )
            trainer.epoch()
            alone, whole = [], []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                for _ in range(CLIPS // BATCH):
                    trainer._learn(batch.clips, batch.targets)
                    trainer._move()
                alone.append(time.perf_counter() - begin)
                begin = time.perf_counter()
                trainer.epoch()
                whole.append(time.perf_counter() - begin)
            one, all_ = statistics.median(alone), statistics.median(whole)
            print(
                f"| {size} | {frames} | {CLIPS / one:.1f} | {CLIPS / all_:.1f} | {all_ / one:.2f} |"
            )
