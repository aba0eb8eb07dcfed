"""`annotate`: a video with what was recognised drawn into it (extra `draw`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from movinet.errors import OutputError, SourceError, UsageError
from movinet.frames import open_source
from movinet.frames.container import ContainerSource
from movinet.outputs.beside import beside, check_place
from movinet.outputs.marks import TOP
from movinet.outputs.redrawn import Redrawn
from movinet.outputs.soundtrack import Soundtrack
from movinet.outputs.track import Track

if TYPE_CHECKING:
    from movinet.outputs.fonts import Typeface

Progress = Callable[[int, int | None], None]

_MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


def annotate(
    video: str | os.PathLike[str],
    track: Track,
    out: str | Path,
    *,
    font: str | Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Write a video again, with the best labels of each moment and the events drawn into it.

    It has the frames of the first, at the same times, upright, as H.264, and its sound.

    Args:
        video: a file, read once more.
        track: all that was said of it.
        out: `.mp4`, `.mov` or `.mkv`.
        font: a .ttf, .otf or .ttc file; None: one of the system.
        progress: called with the frames that are done, and how many there are (None: unknown).

    Returns:
        The letters that the font lacks, which are drawn as boxes; mostly none.

    Raises:
        UsageError: for another ending, a font that is none, when `out` is a folder or the video
            itself, or when `video` is no file.
        MissingExtraError: without the extra.
        SourceError: when the video cannot be read.
        OutputError: when the new one cannot be written; then there is none.
    """
    muxer = check_annotated(video, out, font)
    from movinet.outputs.fonts import typeface

    face, missing = typeface([*_labels(track), "0123456789 %…"], font)
    with open_source(video) as source, beside(out) as place:
        if not isinstance(source, ContainerSource):
            raise UsageError(f"cannot annotate {video}: it is no video file")
        try:
            with av.open(
                f"file:{place}",
                "w",
                format=muxer,
                options={"movflags": "+faststart"} if muxer != "matroska" else {},
            ) as target:
                _write(os.fspath(video), source, track, target, face, progress)
        except (av.error.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(f"cannot write {out}: {reason}") from error
    return missing


def check_annotated(
    video: str | os.PathLike[str], out: str | Path, font: str | Path | None = None
) -> str:
    """See whether `out` can be written, before the video is watched.

    Gives FFmpeg's name for its kind of file.

    Raises:
        UsageError, MissingExtraError, OutputError: as `annotate`.
    """
    target = Path(out)
    muxer = _MUXERS.get(target.suffix.lower())
    if muxer is None:
        raise UsageError(f"cannot write {out}: an annotated video ends in .mp4, .mov or .mkv")
    if not Path(video).is_file():
        raise UsageError(f"cannot annotate {video}: it is no file that can be read again")
    check_place(out)
    if target.is_file() and target.samefile(video):
        raise UsageError(f"cannot write {out}: it is the video itself; name another file")
    from movinet.outputs.fonts import typeface

    typeface((), font)
    return muxer


def _write(
    path: str,
    source: ContainerSource,
    track: Track,
    target: av.container.OutputContainer,
    face: Typeface,
    progress: Progress | None,
) -> None:
    with ExitStack() as stack:
        copy: Redrawn | None = None
        for number, (picture, time) in enumerate(source.pictures(), start=1):
            if copy is None:
                copy = Redrawn(source, picture, track, target, face)
                sound = stack.enter_context(Soundtrack(path, target))
            sound.until(time)
            copy.add(picture, time)
            if progress is not None:
                progress(number, source.frame_count)
        if copy is None:
            raise SourceError(f"cannot read {path}: no picture in it could be decoded")
        copy.finish()
        sound.until(None)


def _labels(track: Track) -> set[str]:
    """All that will be written."""
    scores = track.scores
    count = min(TOP, scores.shape[1])
    best = np.unique(np.argpartition(-scores, count - 1, axis=1)[:, :count])
    labels = {track.info.label(index) for index in best.tolist()}
    return labels | {event.label for event in track.events}
