"""Clips decoded once: files of pictures that are mapped into memory.

Decoding a clip takes several times as long as bringing it into shape for a step of training, and
training sees each clip many times.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from movinet.datasets.content import content_key
from movinet.datasets.dataset import Dataset
from movinet.datasets.decoding import decode_into
from movinet.errors import OutputError, SourceError, UsageError
from movinet.evaluation.labelled import LabelledVideo
from movinet.frames import Time, exact_seconds
from movinet.models.cache import cache_dir

# Of what the files hold. Files of other versions lie in other folders and are left alone.
VERSION = 1
# How much larger than the network's pictures those in the cache are, for random crops: as 256 to
# 224, which pictures are trained with by custom. At the scale 1 a crop of half the area would have
# 0.71 of the pixels a side that the network takes, at 1.14 it has 0.81; each step more costs its
# square in disk and in time.
_MARGIN = 1.14
# A file that nobody has written to for so long was left behind by a run that was killed.
_ABANDONED_SECONDS = 3600.0

Pictures = np.ndarray[Any, np.dtype[np.uint8]]


def stored_size(size: int) -> int:
    """Height and width of the pictures in the cache, in pixels, for a network that takes `size`.

    They are stretched to a square, as the network's are: what a crop of one shows is what a crop
    of the video stretched by the same rule would show. Keeping the shape would make files of many
    sizes, and would change nothing that the network sees.
    """
    return round(_MARGIN * size)


def clips_folder(chosen: str | Path | None = None) -> Path:
    """Where decoded clips lie: in `chosen`, or in the cache folder of this machine."""
    base = cache_dir() / "clips" if chosen is None else Path(chosen)
    return base / f"v{VERSION}"


@dataclass(frozen=True)
class CachedClips:
    """The clips of a dataset that could be read, decoded.

    Attributes:
        dataset: those clips and the classes.
        files: the file of each.
        size: height and width of the pictures, in pixels.
        fps: pictures a second.
        unreadable: the clips that could not be read, each with the reason, one line.
        step: pictures in the files for one of these; see `thinned`.
    """

    dataset: Dataset
    files: tuple[Path, ...]
    size: int
    fps: Fraction
    unreadable: tuple[tuple[LabelledVideo, str], ...] = ()
    step: int = 1

    def __len__(self) -> int:
        return len(self.files)

    @property
    def labels(self) -> tuple[str, ...]:
        """One a class."""
        return self.dataset.labels

    @property
    def targets(self) -> tuple[int, ...]:
        """The class of each clip."""
        return self.dataset.targets

    def frames(self, index: int) -> int:
        """How many pictures a clip has."""
        return -(-self._stored(index) // self.step)

    def thinned(self, step: int) -> CachedClips:
        """The same clips with the first of every `step` pictures."""
        return replace(self, fps=self.fps / step, step=self.step * step)

    def _stored(self, index: int) -> int:
        return self.files[index].stat().st_size // (self.size * self.size * 3)

    def clip(self, index: int) -> Pictures:
        """The pictures of a clip, `[T, size, size, 3]` uint8 RGB, read from the disk as needed.

        Raises:
            SourceError: when the file is gone.
        """
        try:
            shape = (self._stored(index), self.size, self.size, 3)
            pictures = np.memmap(self.files[index], np.uint8, "r", shape=shape)
            return pictures if self.step == 1 else pictures[:: self.step]
        except (OSError, ValueError) as error:
            raise SourceError(
                f"cannot read {self.files[index]}: the cache was changed while it was in use; "
                "start again to make it anew"
            ) from error

    def select(self, indices: Iterator[int] | list[int]) -> CachedClips:
        """Some of the clips."""
        places = list(indices)
        return replace(
            self,
            dataset=self.dataset.of(self.dataset.clips[place] for place in places),
            files=tuple(self.files[place] for place in places),
            unreadable=(),
        )


def cache_clips(
    dataset: Dataset,
    *,
    fps: Time,
    size: int,
    folder: str | Path | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CachedClips:
    """Decode the clips that are not in the cache yet.

    May be killed and called again: it goes on where it was. Several processes may use one folder.

    Args:
        dataset: the clips.
        fps: pictures a second, by the rule that streams are watched with.
        size: height and width of the pictures to keep, in pixels; see `stored_size`.
        folder: where; None: in the cache folder of this machine.
        workers: clips that are decoded at once; None: one a core.
        progress: called with how many clips are done, and of how many.

    Raises:
        OutputError: when there is no space left, or the folder cannot be written.
        UsageError: when a number makes no sense.
    """
    rate = exact_seconds(fps)
    if size < 1 or rate <= 0 or (workers is not None and workers < 1):
        raise UsageError("size, fps and workers must be above 0")
    place = clips_folder(folder)
    _make(place)
    files: dict[LabelledVideo, Path] = {}
    reasons: dict[LabelledVideo, str] = {}
    jobs: dict[Path, list[LabelledVideo]] = {}
    done, total = 0, len(dataset)
    contents: dict[str, str] = {}
    for clip in dataset.clips:
        try:
            if clip.path not in contents:
                contents[clip.path] = content_key(clip.path)
        except (OSError, ValueError) as error:
            reasons[clip] = f"cannot read {clip.path}: {_reason(error)}"
            continue
        file = place / _name(contents[clip.path], clip, rate, size)
        if _whole(file, size):
            files[clip] = file
        else:
            jobs.setdefault(file, []).append(clip)
    done = total - sum(len(clips) for clips in jobs.values())
    progress(done, total)
    for file, problem in _decode(jobs, rate, size, workers or _cores()):
        for clip in jobs[file]:
            if problem is None:
                files[clip] = file
            else:
                # Files that hold the same were tried once, and the reason names the first.
                reasons[clip] = problem.replace(jobs[file][0].path, clip.path)
        done += len(jobs[file])
        progress(done, total)
    kept = [clip for clip in dataset.clips if clip in files]
    return CachedClips(
        dataset.of(kept),
        tuple(files[clip] for clip in kept),
        size,
        rate,
        tuple((clip, reasons[clip]) for clip in dataset.clips if clip in reasons),
    )


def _decode(
    jobs: dict[Path, list[LabelledVideo]], fps: Fraction, size: int, workers: int
) -> Iterator[tuple[Path, str | None]]:
    """Decode into each file; give each as it is done, with the reason when it cannot be."""

    def run(file: Path, clip: LabelledVideo) -> str | None:
        try:
            file.parent.mkdir(exist_ok=True)
            decode_into(file, clip, fps=fps, size=size, stop=stop)
        except SourceError as error:
            return str(error)
        except OSError as error:
            raise OutputError(f"cannot write the cache {file.parent}: {_reason(error)}") from error
        return None

    stop = threading.Event()
    with ThreadPoolExecutor(workers, "decoding") as pool:
        running: dict[Future[str | None], Path] = {}
        waiting = iter(jobs.items())
        try:
            while True:
                # Few at a time, so that an error or Ctrl-C ends it soon.
                for file, clips in waiting:
                    running[pool.submit(run, file, clips[0])] = file
                    if len(running) >= 2 * workers:
                        break
                if not running:
                    return
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield running.pop(future), future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _name(content: str, clip: LabelledVideo, fps: Fraction, size: int) -> str:
    """The name of a clip's file: what is in the video and everything that was done with it."""
    what = f"{VERSION} {content} {clip.start} {clip.end} {fps} {size} stretch"
    digest = hashlib.blake2b(what.encode(), digest_size=16).hexdigest()
    return f"{digest[:2]}/{digest}.rgb"


def _whole(file: Path, size: int) -> bool:
    """Whether a file is there and has whole pictures."""
    try:
        length = file.stat().st_size
    except OSError:
        return False
    return length > 0 and length % (size * size * 3) == 0


def _make(folder: Path) -> None:
    """Make the folder, and sweep out what runs that were killed have left in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the cache folder {folder}: {_reason(error)}; choose another with --cache"
        ) from error
    for left in folder.glob("*/.*.part"):
        with contextlib.suppress(OSError):  # another process may be quicker
            if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                left.unlink()


def _cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return getattr(error, "strerror", None) or str(error)
