"""Frames from a Raspberry Pi camera module, through the system's picamera2."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

from movinet.errors import SourceError
from movinet.frames.clock import Clock, Sampler
from movinet.frames.frame import Frame, Source, check_image

_SIZE = (640, 480)
_RATE = 30
_NANOSECONDS = 1_000_000_000


class PiCameraSource(Source):
    """The first camera on the CSI connector. OpenCV and FFmpeg do not see it under libcamera."""

    live = True

    def __init__(self, *, fps: Fraction | None = None, end: Fraction | None = None) -> None:
        self.name = "picamera"
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise SourceError(
                "cannot read picamera: picamera2 is not here; it comes with the system "
                "(sudo apt install python3-picamera2), seen from a virtual environment made "
                "with --system-site-packages"
            ) from error
        self._fps = fps
        self._end = end
        try:
            self._camera = Picamera2()
            # picamera2 calls the order of bytes R, G, B in memory "BGR888".
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": _SIZE, "format": "BGR888"}, controls={"FrameRate": _RATE}
                )
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as error:
            raise SourceError(f"cannot read picamera: {error}") from error

    def close(self) -> None:
        """Stop the camera."""
        self._camera.stop()
        self._camera.close()

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order of time."""
        clock = Clock(Fraction(1, _RATE), Fraction(1, _NANOSECONDS))
        sampler = Sampler(self._fps) if self._fps is not None else None
        origin: int | None = None
        index = 0
        while True:
            request = self._camera.capture_request()
            try:
                stamp = request.get_metadata().get("SensorTimestamp", time.monotonic_ns())
                origin = stamp if origin is None else origin
                moment = Fraction(clock.read(Fraction(stamp - origin, _NANOSECONDS)))
                self.mended_times = clock.mended
                if self._end is not None and moment >= self._end:
                    return
                if sampler is not None and not sampler.takes(moment):
                    continue
                image = check_image(request.make_array("main"))
            finally:
                request.release()
            yield Frame(image, moment, index)
            index += 1
