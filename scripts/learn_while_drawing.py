"""Teach the starter model on a GPU, from clips that are drawn while it learns.

    python scripts/learn_while_drawing.py learnt/weights.safetensors drawn.safetensors

A GPU learns from clips far faster than a few processors draw them. So processes draw, compress and
decode clips as `movinet synthesize` makes them, all the time; the newest lie on the GPU, and each
batch is taken from there by chance. What is planned is the time, not the steps: the learning rate
follows the clock. What is kept is the mean of the weights over the last steps.
"""

from __future__ import annotations

import argparse
import copy
import math
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from multiprocessing.queues import Queue
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import Tensor

from movinet.errors import MovinetError
from movinet.frames import open_source
from movinet.models.wholefile import check_writable
from movinet.network import MoViNet, load, save
from movinet.synthetic import BACKGROUND, LABELS
from movinet.synthetic.writing import Clip, write_clip

DRAWN, KEPT, FPS = 224, 30, 10  # pixels, pictures and pictures a second of a clip
_BYTES = KEPT * DRAWN * DRAWN * 3
FRAMES = 20  # that the network is shown of it
# How often each action is drawn, against 1 for all others: what is hard, and nothing at all.
OFTEN = {
    **dict.fromkeys(("clapping", "marching", "stretching arm", "waving hand"), 2.0),
    **dict.fromkeys(("pumping fist", "lunge"), 1.6),
    BACKGROUND: 5.0,
}
# They are over in a clip of three seconds; a part of a longer one may not show them.
ONCE = frozenset({"falling down", "sitting down", "standing up"})
LONGEST = 5  # seconds
AREA, RATIO, SPEED = (0.85, 1.0), (0.95, 1.05), (0.93, 1.07)
COLOURS = 0.2  # factors of brightness, contrast and saturation go from 1 - this to 1 + this
_LUMA = (0.299, 0.587, 0.114)
SMOOTHING, DECAY, CLIP_NORM, AVERAGE = 0.05, 0.02, 1.0, 0.998
RISE = 0.03  # of the time
TELL = 20  # seconds


# ---- drawing ------------------------------------------------------------------------------------


def draw(folder: Path, label: str, rng: np.random.Generator) -> np.ndarray:
    """`KEPT` pictures of a new clip as they are decoded: `[KEPT, DRAWN, DRAWN, 3]` uint8."""
    longer = label not in ONCE and rng.random() < 0.5
    seconds = float(rng.uniform(KEPT / FPS, LONGEST)) if longer else KEPT / FPS
    clip = Clip("clip.mp4", label, int(rng.integers(2**62)), DRAWN, FPS, seconds)
    write_clip(folder, clip)
    with open_source(str(folder / clip.path), fps=FPS) as source:
        pictures = np.stack([frame.image for frame in source])
    first = int(rng.integers(len(pictures) - KEPT + 1))
    return pictures[first : first + KEPT]


def draw_for_ever(
    number: int, seed: int, memory: str, free: Queue[int], full: Queue[tuple[int, str] | None]
) -> None:
    """A process that fills free places of the shared memory with clips."""
    rng = np.random.default_rng([seed, number])
    often = np.array([OFTEN.get(label, 1.0) for label in LABELS])
    shared, parent = SharedMemory(memory), os.getppid()
    with tempfile.TemporaryDirectory() as folder:
        while os.getppid() == parent:
            label = str(rng.choice(LABELS, p=often / often.sum()))
            clip = draw(Path(folder), label, rng)
            place = free.get()
            _part(shared, place)[:] = clip.tobytes()
            full.put((place, label))


def _part(shared: SharedMemory, place: int) -> memoryview:
    assert shared.buf is not None
    return shared.buf[place * _BYTES : (place + 1) * _BYTES]


class Clips:
    """The newest clips, where the network is; a thread brings them there.

    Attributes:
        pictures: `[most, KEPT, DRAWN, DRAWN, 3]` uint8.
        labels: the class of each, `[most]`.
        drawn: how many there have been.
    """

    def __init__(
        self, labels: tuple[str, ...], most: int, workers: int, seed: int, device: torch.device
    ) -> None:
        shape = (most, KEPT, DRAWN, DRAWN, 3)
        self.pictures = torch.empty(shape, dtype=torch.uint8, device=device)
        self.labels = torch.zeros(most, dtype=torch.long, device=device)
        self.drawn = 0
        self._classes = labels
        places = 4 * workers
        self._shared = SharedMemory(create=True, size=places * _BYTES)
        context = multiprocessing.get_context("spawn")
        self._free: Queue[int] = context.Queue()
        self._full: Queue[tuple[int, str] | None] = context.Queue()
        for place in range(places):
            self._free.put(place)
        said = (self._shared.name, self._free, self._full)
        self._workers = [
            context.Process(target=draw_for_ever, args=(number, seed, *said), daemon=True)
            for number in range(workers)
        ]
        for worker in self._workers:
            worker.start()
        self._bringing = threading.Thread(target=self._bring)
        self._bringing.start()

    def __len__(self) -> int:
        return min(self.drawn, len(self.labels))

    @property
    def drawing(self) -> bool:
        """Whether all processes still draw."""
        return all(worker.is_alive() for worker in self._workers)

    def _bring(self) -> None:
        # Beside the steps, not between them.
        stream = torch.cuda.Stream() if self.pictures.is_cuda else None  # type: ignore[no-untyped-call]
        with torch.cuda.stream(stream):
            while (found := self._full.get()) is not None:
                place, label = found
                part = _part(self._shared, place)
                clip = torch.frombuffer(part, dtype=torch.uint8).view(self.pictures.shape[1:])
                at = self.drawn % len(self.labels)
                self.pictures[at].copy_(clip)
                self.labels[at] = self._classes.index(label)
                del clip, part
                self.drawn += 1
                self._free.put(place)

    def close(self) -> None:
        """End the processes, and free what they share."""
        self._full.put(None)
        self._bringing.join()
        for worker in self._workers:
            worker.kill()
            worker.join()
        self._shared.close()
        self._shared.unlink()


# ---- what is done to clips ----------------------------------------------------------------------


def changed(clips: Clips, chosen: Tensor, size: int) -> Tensor:
    """Windows of the chosen clips, cut and recoloured by chance: `[B, 3, FRAMES, size, size]`.

    The same as `movinet.datasets.Augmentation` does, less the hue, for a whole batch on a GPU.
    """
    count, device = len(chosen), chosen.device

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, device=device)

    speed = between(*SPEED)
    start = between(0, 1) * (KEPT - (FRAMES - 1) * speed)
    steps = torch.arange(FRAMES, device=device)
    frames = (start[:, None] + steps * speed[:, None]).long().clamp(0, KEPT - 1)
    pictures = clips.pictures[chosen[:, None], frames].flatten(0, 1).permute(0, 3, 1, 2)
    area, ratio = between(*AREA), between(*RATIO)
    high, wide = (area / ratio).sqrt().clamp(max=1), (area * ratio).sqrt().clamp(max=1)
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0] = wide * torch.where(between(0, 1) < 0.5, -1, 1)  # left and right exchanged
    theta[:, 1, 1] = high
    theta[:, 0, 2] = between(-1, 1) * (1 - wide)
    theta[:, 1, 2] = between(-1, 1) * (1 - high)
    theta = theta.repeat_interleave(FRAMES, 0)
    grid = F.affine_grid(theta, [len(theta), 3, size, size], align_corners=False)
    x = F.grid_sample(pictures.float() / 255, grid, padding_mode="border", align_corners=False)
    x = x.view(count, FRAMES, 3, size, size)
    saturation, contrast, gain = (
        between(1 - COLOURS, 1 + COLOURS).view(-1, 1, 1, 1, 1) for _ in range(3)
    )
    grey = (x * torch.tensor(_LUMA, device=device).view(3, 1, 1)).sum(2, keepdim=True)
    mean = grey.mean((1, 2, 3, 4), keepdim=True)
    x = mean + contrast * (grey + saturation * (x - grey) - mean)
    return (gain * x).clamp_(0, 1).transpose(1, 2)


# ---- learning -----------------------------------------------------------------------------------


class Learner:
    """The network, the mean of its weights over steps, and how both move."""

    def __init__(self, net: MoViNet, clips: Clips, size: int, batch: int) -> None:
        self.net, self.average = net.train(), copy.deepcopy(net).eval()
        self._clips, self._size, self._batch = clips, size, batch
        parameters = list(net.parameters())
        self._optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.dim() > 1], "weight_decay": DECAY},
                {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
            ]
        )
        self.steps = 0

    def step(self, rate: float) -> Tensor:
        """One step with a learning rate; gives the loss."""
        device = self._clips.labels.device
        chosen = torch.randint(len(self._clips), (self._batch,), device=device)
        x, targets = changed(self._clips, chosen, self._size), self._clips.labels[chosen]
        with torch.autocast(device.type, torch.bfloat16):
            logits = self.net(x)
        loss = F.cross_entropy(logits, targets, label_smoothing=SMOOTHING)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self._optimiser.zero_grad()
        self.steps += 1
        # The mean must forget the beginning before it is long.
        kept = min(AVERAGE, self.steps / (self.steps + 9))
        with torch.no_grad():
            means = list(self.average.state_dict().values())
            torch._foreach_lerp_(means, list(self.net.state_dict().values()), 1 - kept)
        return loss.detach()

    def save(self, out: Path) -> None:
        """Write the mean of the weights."""
        save(copy.deepcopy(self.average).cpu(), out)

    def learn(self, seconds: float, rate: float, out: Path) -> None:
        """Steps for so long, with a rate that rises to `rate` and falls to nothing.

        What is learnt is saved on the way, too: a lent machine may be gone before the end.
        """
        began = told = time.monotonic()
        losses: list[Tensor] = []
        while (gone := (time.monotonic() - began) / seconds) < 1:
            falling = 0.5 * (1 + math.cos(math.pi * (gone - RISE) / (1 - RISE)))
            losses.append(self.step(rate * (gone / RISE if gone < RISE else falling)))
            if (now := time.monotonic()) - told >= TELL:
                loss = float(torch.stack(losses).mean())
                print(
                    f"{now - began:.0f} s, step {self.steps}: loss {loss:.3f}, "
                    f"{len(losses) * self._batch / (now - told):.0f} clips a second, "
                    f"{self._clips.drawn} drawn",
                    flush=True,
                )
                self.save(out)
                losses, told = [], now


def _positive(said: str) -> int:
    if (number := int(said)) < 1:
        raise argparse.ArgumentTypeError(f"{said} is not 1 or more")
    return number


def main() -> int:
    """Draw and learn, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("start", help="the .safetensors file to begin with")
    parser.add_argument("out", help="the .safetensors file to write")
    parser.add_argument("--seconds", type=float, default=170)
    parser.add_argument("--size", type=_positive, default=128, help="pixels")
    parser.add_argument("--rate", type=float, default=0.0015, help="the highest learning rate")
    parser.add_argument("--batch", type=_positive, default=64, help="clips in a step")
    parser.add_argument(
        "--most", type=_positive, default=20000, help="clips that are kept; 4.5 MB each"
    )
    parser.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="that draw")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU here; to try it on a CPU: --device cpu")
    try:
        check_writable(Path(options.out))
        net = load(options.start)
    except MovinetError as error:
        parser.error(str(error))
    labels = net.info.labels
    if labels is None or set(labels) != set(LABELS):
        parser.error(f"{options.start} does not know the drawn actions")
    net.info = replace(net.info, size=(options.size, options.size))
    # Nothing is shown often enough to be learnt by heart.
    net.head.dropout = 0.0
    clips = Clips(labels, options.most, options.workers, options.seed, device)
    try:
        while len(clips) < min(8 * options.batch, options.most):
            if not clips.drawing:
                parser.error("the processes that draw have ended; what they said is above")
            time.sleep(0.1)
        learner = Learner(net.to(device), clips, options.size, options.batch)
        learner.learn(options.seconds, options.rate, Path(options.out))
        learner.save(Path(options.out))
    finally:
        clips.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
