"""Folders of clips: a folder for each label, and a list of them all."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import av
import av.error
import numpy as np

from movinet.errors import OutputError, UsageError
from movinet.synthetic.actions import LABELS
from movinet.synthetic.clip import check, render_clip
from movinet.synthetic.vectors import Array

_MOST = 1_000_000  # clips of a label; also what seeds of neighbours are apart
_CRF = (17, 37)


@dataclass(frozen=True)
class Clip:
    """One clip to be written: where, below the folder, of what, and drawn how."""

    path: str
    label: str
    seed: int
    size: int
    fps: int
    seconds: float

    @property
    def remark(self) -> str:
        """What the file says of itself, so that a clip made otherwise is not taken for this one."""
        return (
            f"movinet synthetic 1: {self.label}, seed {self.seed}, {self.size} pixels, "
            f"{self.fps} fps, {self.seconds:g} s"
        )


def plan_clips(
    clips: int,
    seed: int,
    labels: Sequence[str] = LABELS,
    *,
    size: int = 224,
    fps: int = 10,
    seconds: float = 3,
) -> list[Clip]:
    """`clips` clips, as many of each label as of any other, give or take one.

    Raises:
        UsageError: labels are unknown, doubled or none; or numbers make no sense.
    """
    labels = tuple(labels)
    if not labels:
        raise UsageError("no actions to draw: name at least one")
    for label in labels:
        check(label, size, fps, seconds)
        if labels.count(label) > 1:
            raise UsageError(f"the action {label!r} is named twice")
    if size % 2:
        raise UsageError(f"cannot write videos of {size} pixels: use an even number")
    if not len(labels) <= clips < _MOST * len(labels):
        raise UsageError(
            f"cannot share {clips} clips between {len(labels)} actions: "
            f"use {len(labels)} to {_MOST * len(labels) - 1}"
        )
    if not 0 <= seed < 2**40:
        raise UsageError(f"the seed {seed} is not from 0 to {2**40 - 1}")
    planned = []
    for number in range(-(-clips // len(labels))):
        for label in labels[: clips - number * len(labels)]:
            path = f"{label}/{number:06d}.mp4"
            planned.append(Clip(path, label, seed * _MOST + number, size, fps, seconds))
    return planned


def write_clips(
    folder: str | Path,
    clips: int,
    seed: int,
    labels: Sequence[str] = LABELS,
    *,
    size: int = 224,
    fps: int = 10,
    seconds: float = 3,
    jobs: int = 1,
    progress: Callable[[int, int], object] = lambda done, all_: None,
) -> list[Clip]:
    """Draw clips into `folder`/LABEL/NNNNNN.mp4 and list them in `folder`/clips.csv, at the end.

    Whole clips that are there already, made with the same settings, are kept, so that a run that
    was cut off can be gone on with. `progress` is told how many are done, and of how many. A script
    that asks for more than one of `jobs` does so under `if __name__ == "__main__":`, since each
    process reads the script anew.

    Raises:
        UsageError: the arguments make no sense.
        OutputError: the folder cannot be written.
    """
    planned = plan_clips(clips, seed, labels, size=size, fps=fps, seconds=seconds)
    if jobs < 1:
        raise UsageError(f"cannot draw with {jobs} jobs: use 1 or more")
    folder = Path(folder)
    try:
        for label in dict.fromkeys(clip.label for clip in planned):
            (folder / label).mkdir(parents=True, exist_ok=True)
        _write_all(folder, planned, jobs, progress)
        _write_list(folder, planned)
    except BrokenProcessPool as error:
        raise OutputError(f"cannot write {folder}: a drawing process was killed") from error
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    return planned


def _write_all(
    folder: Path, planned: list[Clip], jobs: int, progress: Callable[[int, int], object]
) -> None:
    progress(0, len(planned))
    if jobs == 1:
        for number, clip in enumerate(planned, 1):
            write_clip(folder, clip)
            progress(number, len(planned))
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _belong_to_the_parent)
    try:
        work = pool.map(write_clip, [folder] * len(planned), planned, chunksize=4)
        for number, _ in enumerate(work, 1):
            progress(number, len(planned))
    finally:
        pool.shutdown(cancel_futures=True)


def _belong_to_the_parent() -> None:
    """Leave interrupts to it, and end with it: a worker whose parent was killed waits for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def write_clip(folder: Path, clip: Clip) -> None:
    """Draw and compress one clip, unless it is there already."""
    target = folder / clip.path
    if target.exists() and _remark(target) == clip.remark:
        return
    frames = render_clip(clip.label, clip.seed, size=clip.size, fps=clip.fps, seconds=clip.seconds)
    crf = int(np.random.default_rng([clip.seed, len(clip.label)]).integers(*_CRF))
    beside = target.with_name(f".{target.name}.part")
    try:
        _encode(beside, frames, clip.fps, crf, clip.remark)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _remark(path: Path) -> str | None:
    try:
        with av.open(str(path)) as container:
            return container.metadata.get("comment")
    except (av.error.FFmpegError, OSError):
        return None


def _encode(path: Path, frames: Array, fps: int, crf: int, remark: str) -> None:
    """H.264 in MP4, on one thread, so that the same frames give the same file."""
    with av.open(str(path), "w", format="mp4") as container:
        container.metadata["comment"] = remark
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        # With its tree of macroblocks x264 gave up to ten different files for the same frames, on a
        # processor with AVX-512 only.
        stream.options = {"crf": str(crf), "preset": "veryfast", "x264-params": "mbtree=0"}
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode())


def _write_list(folder: Path, planned: list[Clip]) -> None:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("path", "label", "seed"))
    lines.writerows((clip.path, clip.label, clip.seed) for clip in planned)
    beside = folder / ".clips.csv.part"
    with beside.open("w", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / "clips.csv")
