"""`RealTimeSource`: a file that plays as if it were a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

from movinet.frames.frame import Frame, Source


class RealTimeSource(Source):
    """Frames of a source with an end, each at the time that it says.

    Nothing is read ahead of its time but the next frame; who takes frames too slowly gets them late
    and all, as from a camera that waits.
    """

    live = True

    def __init__(self, open_again: Callable[[], Source], *, loop: bool = False) -> None:
        """Open it.

        Args:
            open_again: opens the source, once or, with `loop`, each time that it has ended.
            loop: begin again at the end; times go on.

        Raises:
            SourceError: as `open_again` does.
        """
        self._open, self._loop = open_again, loop
        self._source = open_again()
        self._closed = threading.Event()
        self.name, self.timed = self._source.name, self._source.timed

    def close(self) -> None:
        """Close what is open."""
        self._closed.set()
        self._source.close()

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order of time."""
        begin = time.monotonic()
        offset, index = Fraction(0), 0
        while not self._closed.is_set():
            last = between = Fraction(0)
            for frame in self._source:
                between, last = frame.time - last, frame.time
                self.arrived = begin + float(offset + frame.time)
                if self._closed.wait(max(0.0, self.arrived - time.monotonic())):
                    return
                yield Frame(frame.image, offset + frame.time, index, frame.sample_aspect_ratio)
                index += 1
            self.damaged_packets += self._source.damaged_packets
            self.ended_early = self._source.ended_early
            if not self._loop or not index:
                return
            # Not before the last frame has been shown as long as the one before it.
            offset += max(self._source.duration or 0, last + max(between, Fraction(1, 1000)))
            self._source.close()
            self._source = self._open()
