"""Measure a starter model on drawn clips that it has not seen; prints a table for the docs.

python scripts/check_starter.py starter --train drawn
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

import movinet
from movinet.datasets import CachedClips, cache_clips, read_dataset, view
from movinet.network import MoViNet, load
from movinet.network.layers import ACTIVATIONS
from movinet.synthetic import BACKGROUND, LABELS, write_clips
from movinet.training.linear import Features, fit

CLIPS, SEED = 2001, 9
FOR_LINEAR = 100  # clips of each action that the classifier on one frame learns from


def streamed(model: Path, clips: CachedClips, shuffled: bool = False) -> list[int]:
    """What a model file says at the end of each clip."""
    stream = movinet.load(model).stream()
    said = []
    for index in range(len(clips)):
        frames = np.array(clips.clip(index))
        if shuffled:
            frames = np.random.default_rng(index).permutation(frames)
        stream.reset()
        for number, frame in enumerate(frames):
            answer = stream.push(frame, number / float(clips.fps))
        said.append(int(answer.scores.argmax()))
    return said


@torch.no_grad()
def whole(net: MoViNet, clips: CachedClips) -> list[int]:
    """What the network says of each clip in float32; the same as streamed."""
    fused = net.fuse()
    return [int(fused(view(clips.clip(i), clips.size)[None]).argmax()) for i in range(len(clips))]


@torch.no_grad()
def middles(net: MoViNet, clips: CachedClips, indices: Iterable[int]) -> Features:
    """The hidden layer for the middle frame of each clip, alone."""
    fused, rows, targets = net.fuse(), [], []
    for index in indices:
        frame = view(clips.clip(index), clips.size, 1, start=clips.frames(index) // 2)
        pooled = fused(frame[None], features=True)
        rows.append(ACTIVATIONS[fused.head.activation](fused.head.dense(pooled))[0])
        targets.append(clips.targets[index])
    return Features(torch.stack(rows), torch.tensor(targets))


def main() -> int:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", help="the folder of the training run")
    parser.add_argument("--train", required=True, help="the folder of clips that it was trained on")
    parser.add_argument("--data", help="the folder of unseen clips, drawn if it is not there")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--cache")
    options = parser.parse_args()
    run = Path(options.run)
    data = options.data or tempfile.mkdtemp()
    write_clips(data, options.clips, SEED, jobs=2)
    net = load(run / "weights.safetensors")
    size = net.info.size[0]
    clips = cache_clips(
        read_dataset(Path(data) / "clips.csv"), fps=net.info.fps, size=size, folder=options.cache
    )
    targets = np.array(clips.targets)
    background = targets == clips.labels.index(BACKGROUND)

    def row(name: str, said: list[int]) -> None:
        right = np.array(said) == targets
        print(f"| {name} | {right.mean():.3f} | {right[background].mean():.3f} |", flush=True)

    print(f"| {len(clips)} unseen clips of {len(LABELS)} classes | top-1 | {BACKGROUND} |")
    print("|---|---|---|")
    int8 = streamed(run / "model.tflite", clips)
    row("int8, streamed", int8)
    row("float32", whole(net, clips))
    row("int8, frames shuffled", streamed(run / "model.tflite", clips, shuffled=True))
    train = read_dataset(Path(options.train) / "clips.csv")
    chosen = [
        clip
        for label in train.labels
        for clip in [clip for clip in train.clips if clip.label == label][:FOR_LINEAR]
    ]
    seen = cache_clips(train.of(chosen), fps=net.info.fps, size=size, folder=options.cache)
    weight, bias = fit(middles(net, seen, range(len(seen))), len(train.labels))
    found = middles(net, clips, range(len(clips)))
    row("a classifier on the middle frame", (found.rows @ weight.T + bias).argmax(1).tolist())
    print("\n| action | right | most often taken for |\n|---|---|---|")
    for index, label in enumerate(clips.labels):
        own = np.array(int8)[targets == index]
        wrong = np.bincount(own[own != index], minlength=len(clips.labels))
        taken = clips.labels[int(wrong.argmax())] if wrong.any() else ""
        print(f"| {label} | {(own == index).mean():.2f} | {taken} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
