"""A row of image files as a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import av

from movinet.frames.clock import Sampler
from movinet.frames.frame import Frame, Source
from movinet.frames.orientation import orientation_of, upright_image


class ImageSource(Source):
    """Image files shown one after the other at `source_fps` frames per second.

    Images that the sampling does not take are not opened.
    """

    def __init__(
        self,
        name: str,
        paths: Sequence[str],
        *,
        source_fps: Fraction,
        fps: Fraction | None = None,
        start: Fraction | None = None,
        end: Fraction | None = None,
    ) -> None:
        self.name = name
        self.duration = len(paths) / source_fps
        self._paths = paths
        self._source_fps = source_fps
        self._fps = fps
        self._start = start
        self._end = end

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order of time."""
        sampler = Sampler(self._fps) if self._fps is not None else None
        index = 0
        for number, path in enumerate(self._paths):
            time = number / self._source_fps
            if self._start is not None and time < self._start:
                continue
            if self._end is not None and time >= self._end:
                return
            if (
                sampler is not None
                and sampler.started
                and not sampler.wants(sampler.interval(time))
            ):
                continue
            try:
                # "file:" keeps FFmpeg from reading a colon in a name as a protocol.
                with av.open(f"file:{path}") as container:
                    picture = next(container.decode(video=0))
                    image = upright_image(picture, orientation_of(picture))
            except (av.error.FFmpegError, OSError, ValueError, StopIteration, IndexError):
                self.damaged_packets += 1
                continue
            if sampler is not None:
                sampler.takes(time)
            yield Frame(image, time, index)
            index += 1
