"""Clips in batches, in an order that a run which goes on where another was killed continues."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from movinet.datasets.augmentation import Augmentation, view
from movinet.datasets.cache import CachedClips
from movinet.errors import UsageError
from movinet.frames.resize import keep_freed_memory


@dataclass(frozen=True, eq=False)
class Batch:
    """Some clips.

    Attributes:
        clips: `[B, 3, T, size, size]` float32 in 0..1, in channels-last memory.
        targets: the class of each, `[B]`.
        indices: which of the cached clips each is.
    """

    clips: Tensor
    targets: Tensor
    indices: tuple[int, ...]


class Batches:
    """The batches of one epoch; iterate as often as you like, it is the same each time.

    Everything depends on the clips, `seed`, `epoch` and the place in the epoch alone: not on what
    was drawn before, on the number of workers, or on the state of a random generator. So a run that
    was killed after batch n of epoch e goes on with `Batches(..., epoch=e, start_batch=n)`.

    Clips shorter than the window are repeated from their start.
    """

    def __init__(
        self,
        cached: CachedClips,
        *,
        batch: int,
        frames: int,
        size: int,
        seed: int = 0,
        epoch: int = 0,
        start_batch: int = 0,
        augmentation: Augmentation | None = None,
        balanced: bool = False,
        shuffle: bool = True,
        step: float = 1.0,
        workers: int = 1,
    ) -> None:
        """Prepare the order; nothing is read yet.

        Args:
            cached: the clips.
            batch: clips in a batch; the last one of an epoch has what is left.
            frames: frames of each clip.
            size: height and width, in pixels.
            seed: 0 or more.
            epoch: 0 or more; another one has another order.
            start_batch: batches of this epoch to leave out.
            augmentation: what to do to the clips; None: nothing, and each from its beginning.
            balanced: every class as often as every other (clips of large classes are left out in
                turns, those of small ones are there several times); an epoch stays as long.
            shuffle: False: in the order of the clips.
            step: pictures of the cache for one frame, where it has more a second.
            workers: threads that prepare batches ahead, each on one core; 0: the caller's thread
                prepares each when it is asked for. One makes about 200 clips a second of the size
                of A0; a GPU may want more.

        Raises:
            UsageError: when a number makes no sense, or there is no clip.
        """
        if min(batch, frames, size) < 1 or step <= 0:
            raise UsageError("batch, frames, size and step must be above 0")
        if min(seed, epoch, start_batch, workers) < 0:
            raise UsageError("seed, epoch, start_batch and workers must not be below 0")
        if not len(cached):
            raise UsageError("there is no clip to make batches of")
        keep_freed_memory()  # 3.4 ms for an augmented window of 16 frames, 11 without
        self._cached = cached
        self._batch = batch
        self._frames = frames
        self._size = size
        self._seed = seed
        self._epoch = epoch
        self._augmentation = augmentation
        self._step = step
        self._workers = workers
        order = np.arange(len(cached))
        if balanced:
            order = _balanced(np.asarray(cached.targets), self._random())
        elif shuffle:
            order = self._random().permutation(len(cached))
        self._order: list[int] = order.tolist()
        self._whole = -(-len(self._order) // batch)
        if start_batch > self._whole:
            raise UsageError(f"an epoch has {self._whole} batches, not {start_batch}")
        self._first = start_batch

    @property
    def order(self) -> tuple[int, ...]:
        """The clips of the whole epoch, as indices, in order."""
        return tuple(self._order)

    def __len__(self) -> int:
        """How many batches there are from `start_batch` on."""
        return self._whole - self._first

    def __iter__(self) -> Iterator[Batch]:
        numbers = iter(range(self._first, self._whole))
        if not self._workers:
            yield from map(self._make, numbers)
            return
        # One operation on one thread: on a busy machine two threads of small operations wait for
        # each other (26 clips a second, and 194 so). The setting is that of the worker's thread;
        # the caller's stays as it is.
        with ThreadPoolExecutor(
            self._workers, "loading", initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            ahead: deque[Future[Batch]] = deque(
                pool.submit(self._make, number) for number in islice(numbers, self._workers + 1)
            )
            try:
                while ahead:
                    made = ahead.popleft().result()
                    ahead.extend(pool.submit(self._make, number) for number in islice(numbers, 1))
                    yield made
            finally:
                pool.shutdown(cancel_futures=True)

    def _random(self, place: int | None = None) -> np.random.Generator:
        return np.random.default_rng(self._entropy(place))

    def _entropy(self, place: int | None) -> list[int]:
        return [self._seed, self._epoch, 0 if place is None else 1 + place]

    def _make(self, number: int) -> Batch:
        first = number * self._batch
        indices = self._order[first : first + self._batch]
        memory = torch.empty(len(indices), self._frames, self._size, self._size, 3)
        for place, index in enumerate(indices):
            clip, out = self._cached.clip(index), memory[place]
            if self._augmentation is None:
                view(clip, self._size, self._frames, step=self._step, out=out)
                continue
            words = np.random.SeedSequence(self._entropy(first + place)).generate_state(2)
            generator = torch.Generator().manual_seed(int(words[0]) << 31 ^ int(words[1]))
            self._augmentation(
                clip,
                self._frames,
                self._size,
                generator,
                label=self._cached.dataset.clips[index].label,
                step=self._step,
                out=out,
            )
        targets = torch.tensor([self._cached.targets[index] for index in indices])
        return Batch(memory.permute(0, 4, 1, 2, 3), targets, tuple(indices))


def _balanced(targets: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As many places as there are clips; of each class that has clips as many, or one more."""
    classes = random.permutation(np.unique(targets))
    quotas = np.full(len(classes), len(targets) // len(classes))
    quotas[: len(targets) % len(classes)] += 1
    chosen = []
    for target, quota in zip(classes, quotas, strict=True):
        own = np.flatnonzero(targets == target)
        rounds = -(-int(quota) // len(own))
        chosen.append(np.concatenate([random.permutation(own) for _ in range(rounds)])[:quota])
    return random.permutation(np.concatenate(chosen))
