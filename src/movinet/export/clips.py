"""Clips to calibrate on: videos as a network sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from movinet.errors import SourceError, UsageError
from movinet.export.graph import Array
from movinet.frames import Resizer, open_source
from movinet.models.weightsfile import WeightsInfo

LEAST_CLIPS = 8
_MOST_CLIPS = 50
_FRAMES = 400  # of all clips together; more changed the ranges no further
_LEAST_FRAMES = 8  # of one clip, so that states are filled


@dataclass(frozen=True)
class Clips:
    """Clips that were read, and the videos that could not be.

    Attributes:
        frames: each `[T, H, W, 3]` uint8.
        skipped: what was wrong with a video, one line each.
    """

    frames: tuple[Array, ...]
    skipped: tuple[str, ...]


def read_clips(
    videos: Sequence[str],
    info: WeightsInfo,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Clips:
    """The beginnings of up to 50 of the videos, spread over the list.

    Raises:
        UsageError: when fewer than 8 can be read.
    """
    count = min(len(videos), _MOST_CLIPS)
    chosen = [videos[place * len(videos) // count] for place in range(count)]
    # What cannot be read is made up for by the others.
    spare = [video for video in videos if video not in set(chosen)]
    length = max(_LEAST_FRAMES, _FRAMES // max(count, 1))
    resizer = Resizer(*info.size, "stretch")
    frames: list[Array] = []
    skipped: list[str] = []
    queue = [*chosen, *spare]
    while queue and len(frames) < count:
        try:
            with open_source(queue.pop(0), fps=info.fps) as source:
                clip = [
                    resizer(frame.image, frame.sample_aspect_ratio)
                    for frame in islice(source, length)
                ]
                if not clip:
                    raise SourceError(f"cannot read {source.name}: it has no picture")
        except SourceError as error:
            skipped.append(str(error))
            continue
        frames.append(np.stack(clip))
        progress(len(frames), count)
    if len(frames) < LEAST_CLIPS:
        reasons = f" ({'; '.join(skipped)})" if skipped else ""
        raise UsageError(
            f"calibration needs {LEAST_CLIPS} videos or more that can be read, "
            f"and there are {len(frames)}{reasons}"
        )
    return Clips(tuple(frames), tuple(skipped))


def made_up_clip(size: tuple[int, int], frames: int) -> Array:
    """Blocks of colour that move: a clip for when there is no video, always the same."""
    height, width = size
    random = np.random.default_rng(7)
    blocks = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    picture = np.kron(blocks, np.ones((8, 8, 1), np.uint8))
    return np.stack(
        [np.roll(picture, (3 * t, 2 * t), (0, 1))[:height, :width] for t in range(frames)]
    )
