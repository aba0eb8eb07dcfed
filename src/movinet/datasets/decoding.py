"""One clip, decoded as a network will see it, into a file of its own."""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np

from movinet.errors import OutputError, SourceError
from movinet.evaluation.labelled import LabelledVideo
from movinet.frames import Resizer, open_source


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """Somebody asked to stop."""


def decode_into(
    target: Path, clip: LabelledVideo, *, fps: Fraction, size: int, stop: threading.Event
) -> None:
    """Write the pictures of a clip, `[T, size, size, 3]` uint8, into `target` and nothing else.

    They are written beside it and get its name when all are there, so that a run that is killed
    leaves no half clip, and two that write the same clip do not meet. It is not waited for the disk
    (a clip would take twice the time): after a power cut a file may be too short, which is noticed
    when it is opened.

    Raises:
        SourceError: when the clip cannot be read or has no picture.
        OutputError: when it cannot be written.
        Stopped: soon after `stop` is set.
    """
    resizer = Resizer(size, size, "stretch")
    beside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    count = 0
    try:
        with open_source(clip.path, fps=fps, start=clip.start, end=clip.end) as source:
            with beside.open("wb") as file:
                for frame in source:
                    image = resizer(frame.image, frame.sample_aspect_ratio)
                    file.write(np.ascontiguousarray(image).data)
                    count += 1
                    if stop.is_set():
                        raise Stopped
            if not count:
                raise SourceError(f"cannot read {clip.path}: it has no picture{_where(clip)}")
        beside.replace(target)
    except OSError as error:  # of the cache: whatever is wrong with a source is a SourceError
        raise OutputError(
            f"cannot write the cache {target.parent}: {error.strerror or error}; "
            "choose another folder with --cache"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _where(clip: LabelledVideo) -> str:
    if clip.start is None and clip.end is None:
        return ""
    last = "its end" if clip.end is None else f"{clip.end:g} s"
    return f" from {clip.start or 0:g} s to {last}"
