"""`open_source`: one function that opens anything."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from movinet.errors import SourceError, UsageError
from movinet.frames.clock import Time, exact_seconds
from movinet.frames.discovery import expand, find_videos, has_magic, images_in, is_image
from movinet.frames.frame import Source

if TYPE_CHECKING:
    from movinet.frames.arrays import Item

SourceSpec = str | os.PathLike[str] | int | Source | Iterable["Item"]

# Addresses whose pictures come as they happen. Reading ahead would only make them late.
_LIVE = ("rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "srt", "tcp")
_OPEN_SECONDS, _READ_SECONDS = 10.0, 10.0
_MAX_FPS = 1000


def open_source(
    spec: SourceSpec,
    *,
    fps: Time | None = None,
    source_fps: Time | None = None,
    start: Time | None = None,
    end: Time | None = None,
    live: bool = False,
) -> Source:
    """Open a source of frames.

    Args:
        spec: a file; "-" (standard input); an address (http, rtsp, udp, rtmp, ...); a camera (0,
            "camera:0", "/dev/video0", "picamera"); a folder or glob of images; "test:" or
            "test:SECONDS" (a moving pattern); an iterable of `[H, W, 3]` uint8 RGB arrays or of
            (array, seconds) pairs; a `Source`, which is given back as it is.
        fps: give only as many frames per second as this, the first in each interval; None: all.
        source_fps: frames per second of images and of arrays without times.
        start, end: seconds; only frames from `start` to before `end`.
        live: frames of whatever address are to be had as they come. Cameras, and addresses of a
            kind that only cameras have, are live by themselves; this is for http.

    Raises:
        SourceError: when it cannot be opened or is no video.
        UsageError: for a frame rate or time that makes no sense.
    """
    if isinstance(spec, Source):
        if (source_fps, start, end) != (None, None, None):
            raise UsageError(f"{spec.name} is open already: give times and rates as it is opened")
        return spec
    rate = _rate(fps, "fps")
    own_rate = _rate(source_fps, "source_fps")
    first = _moment(start, "start")
    last = _moment(end, "end")
    if last is not None and last <= (first or 0):
        raise UsageError(f"the end ({float(last):g} s) must be after the start")
    if isinstance(spec, int):
        spec = f"camera:{spec}"
    if not isinstance(spec, str | os.PathLike):
        from movinet.frames.arrays import ArraySource

        if not isinstance(spec, Iterable):
            raise UsageError(f"cannot read frames from a {type(spec).__name__}")
        return ArraySource(spec, fps=rate, source_fps=own_rate, start=first, end=last)
    return _open_named(os.fspath(spec), rate, own_rate, first, last, live=live)


def _open_named(
    name: str,
    fps: Fraction | None,
    source_fps: Fraction | None,
    start: Fraction | None,
    end: Fraction | None,
    *,
    live: bool,
) -> Source:
    if name == "picamera":
        from movinet.frames.picamera import PiCameraSource

        return PiCameraSource(fps=fps, end=end)
    images = _images(name)
    if images:
        from movinet.frames.images import ImageSource

        if source_fps is None:
            raise UsageError(
                f"cannot read {name}: images have no times; "
                "say how many there are a second with --source-fps (source_fps in Python)"
            )
        return ImageSource(name, images, source_fps=source_fps, fps=fps, start=start, end=end)

    from movinet.frames.container import ContainerSource

    if name == "-":
        target = _stdin()
        return ContainerSource(
            "standard input",
            target,
            seekable=not isinstance(target, str),
            fps=fps,
            start=start,
            end=end,
        )
    if name.startswith("test:"):
        return ContainerSource(
            name, _pattern(name), container_format="lavfi", fps=fps, start=start, end=end
        )
    camera = _camera(name)
    if camera is not None:
        return _open_camera(name, *camera, fps, end)
    if is_address(name):
        scheme = name.split(":", 1)[0].lower()
        options = {"rtsp_transport": "tcp"} if scheme.startswith("rtsp") else {}
        return ContainerSource(
            name,
            name,
            options=options,
            timeout=(_OPEN_SECONDS, _READ_SECONDS),
            live=live or scheme in _LIVE,
            fps=fps,
            start=start,
            end=end,
        )
    regular = _check_file(name)
    # "file:" keeps FFmpeg from reading a colon in a name as a protocol.
    return ContainerSource(name, f"file:{name}", seekable=regular, fps=fps, start=start, end=end)


def is_address(name: str) -> bool:
    """Whether `name` is an address (scheme://...); one letter is a drive, not a scheme."""
    scheme, separator, _ = name.partition("://")
    letters = scheme.translate({ord(letter): None for letter in "+-."})
    return bool(separator) and len(scheme) > 1 and letters.isalnum()


def _rate(fps: Time | None, name: str) -> Fraction | None:
    if fps is None:
        return None
    rate = exact_seconds(fps)
    if not 0 < rate <= _MAX_FPS:
        raise UsageError(f"{name} must be above 0 and at most {_MAX_FPS}, not {float(fps):g}")
    return rate


def _moment(time: Time | None, name: str) -> Fraction | None:
    if time is None:
        return None
    moment = exact_seconds(time)
    if moment < 0:
        raise UsageError(f"the {name} must not be before the beginning, not {float(time):g} s")
    return moment


def _images(name: str) -> list[str]:
    """The images that a folder or glob means; empty when it means something else."""
    # Not pathlib's: those raise where a folder may not be searched or a name is too long.
    if os.path.isdir(name):  # noqa: PTH112
        try:
            images = images_in(name)
        except OSError as error:
            raise SourceError(f"cannot read {name}: {error.strerror}") from error
        if not images:
            videos = "with videos: open each by itself"
            reason = videos if find_videos(name) else "without images or videos"
            raise SourceError(f"cannot read {name}: a folder {reason}")
        return images
    if has_magic(name) and not os.path.exists(name) and not is_address(name):  # noqa: PTH110
        files = expand(name)
        images = [file for file in files if is_image(file)]
        if not images:
            raise SourceError(f"cannot read {name}: {_reason(name)}")
        return images
    return []


def _reason(pattern: str) -> str:
    """Why a glob names no image: it says nothing itself of a folder that it may not look into."""
    folder = pattern
    while has_magic(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120 (text as given)
    try:
        os.scandir(folder or ".").close()
    except PermissionError as error:
        return str(error.strerror)
    except OSError:
        pass  # as good as a folder without such a file
    return "no file has such a name"


def _stdin() -> object:
    if sys.stdin is None:
        raise SourceError("cannot read standard input: it is closed")
    stream = sys.stdin.buffer
    # FFmpeg reads a pipe best by itself; a redirected file can be sought in through Python.
    return stream if stream.seekable() else "pipe:0"


def _pattern(name: str) -> str:
    seconds = name.removeprefix("test:")
    pattern = "testsrc2=size=320x240:rate=30"
    if not seconds:
        return pattern
    try:
        length = exact_seconds(float(seconds))
    except ValueError as error:
        raise UsageError(f"unknown test pattern {name}: use test: or test:SECONDS") from error
    if length <= 0:
        raise UsageError(f"a test pattern of {seconds} seconds has no frame")
    return f"{pattern}:duration={float(length):f}"


def _open_camera(
    name: str,
    target: str,
    container_format: str,
    options: dict[str, str],
    fps: Fraction | None,
    end: Fraction | None,
) -> Source:
    from movinet.frames.container import ContainerSource

    if container_format == "v4l2" and not os.path.exists(target):  # noqa: PTH110
        raise SourceError(f"cannot read {name}: there is no camera at {target}")
    try:
        return ContainerSource(
            name,
            target,
            container_format=container_format,
            options=options,
            live=True,
            fps=fps,
            end=end,
        )
    except SourceError:
        # Not every camera has the wished format and rate; then it may choose.
        return ContainerSource(
            name, target, container_format=container_format, live=True, fps=fps, end=end
        )


def _camera(name: str) -> tuple[str, str, dict[str, str]] | None:
    """What FFmpeg must be told to open a camera; None when `name` is none."""
    device = name.removeprefix("camera:")
    if device == name and not name.startswith("/dev/video"):
        return None
    if device != name and not device.isdecimal():
        raise UsageError(f"unknown camera {name}: use camera:0, camera:1, ...")
    if sys.platform == "darwin":
        return device, "avfoundation", {"framerate": "30"}
    if sys.platform == "win32":
        import av

        found = av.device.enumerate_input_devices("dshow")
        number = int(device)
        if number >= len(found):
            raise SourceError(f"cannot read {name}: there are {len(found)} cameras")
        return f"video={found[number].name}", "dshow", {}
    path = f"/dev/video{device}" if device.isdecimal() else device
    # Cameras give their full rate only as MJPEG, whose unneeded packets cost nothing.
    return path, "v4l2", {"input_format": "mjpeg", "framerate": "30"}


def _check_file(name: str) -> bool:
    """Say what is wrong with a file in the system's words before FFmpeg guesses.

    Gives whether it is one that can be sought in.
    """
    try:
        status = os.stat(name)  # noqa: PTH116 (text as given)
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "no such file" if missing else getattr(error, "strerror", None) or str(error)
        raise SourceError(f"cannot read {name}: {reason}") from error
    if not os.access(name, os.R_OK):
        raise SourceError(f"cannot read {name}: no permission to read it")
    regular = stat.S_ISREG(status.st_mode)
    if regular and status.st_size == 0:
        raise SourceError(f"cannot read {name}: the file is empty")
    return regular
