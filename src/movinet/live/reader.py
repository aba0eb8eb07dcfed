"""`Reader`: a thread that reads one camera, and reads it again when it was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from movinet.errors import MovinetError
from movinet.frames import Frame, Image, Source, Time
from movinet.live.camera import Camera, exact, without_password
from movinet.live.health import Health, State

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
# A connection that has lasted so long was a good one: the next pause is short again.
_GOOD = 10.0

Resize = Callable[[Image, Fraction], Image]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame as the model wants it.

    Attributes:
        image: `[height, width, 3]` uint8.
        time: seconds since the first frame, gaps in the connection included.
        arrived: when its data came, by `time.monotonic`.
    """

    image: Image
    time: Fraction
    arrived: float


class Reader:
    """Reads a camera from `start` until `stop`, and hands its frames on as they come.

    When the camera is lost it is tried again, after pauses from half a second to half a minute, and
    its times go on as the clock on the wall does.
    """

    def __init__(
        self,
        camera: Camera,
        fps: Time,
        resize: Resize,
        give: Callable[[Picture], None],
        end: Callable[[], None],
        news: threading.Condition,
    ) -> None:
        """Prepare.

        Args:
            camera: which.
            fps: frames per second to give.
            resize: makes a frame, with its pixels' aspect ratio, what the model wants.
            give: called with each frame, in the reader's thread; it must not wait.
            end: called when nothing will come any more.
            news: notified when the state has changed.
        """
        self.camera, self.health = camera, Health()
        self._fps, self._resize, self._news = fps, resize, news
        self._hand_on, self._end = give, end
        # What it has done since it was last looked at; with the lock of `news` held.
        self.changes: list[State] = []
        self._stopped = threading.Event()
        self._failure: str | None = None
        self._begun: float | None = None  # when the first frame of all was second 0
        # A source that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=camera.name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more; does not wait."""
        self._stopped.set()

    def fail(self, reason: str) -> None:
        """Read no more, since its frames cannot be used."""
        self._failure = reason
        self.stop()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; gives whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    # -- in the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                self._connect()
                reason = self._reason
            except MovinetError as error:
                reason = str(error)
            except Exception as error:  # one that fails in its own way takes no other along
                reason = f"{type(error).__name__}: {error}"
            if self._stopped.is_set():
                break
            if not self.camera.endless:
                self._say(State.ENDED, reason)
                self._end()
                return
            self._say(State.LOST, reason or "the stream has ended")
            if time.monotonic() - begun > _GOOD:
                pause = _FIRST_PAUSE
            self._stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if self._failure is not None:  # that it was stopped is no news
            self._say(State.ENDED, self._failure)
        self._end()

    def _connect(self) -> None:
        self._say(State.CONNECTING, self.health.reason)
        self._reason = ""
        with self.camera.open(self._fps) as source:
            self.health.connections += 1
            self._say(State.WAITING, "")
            offset: Fraction | None = None
            damaged, mended = self.health.damaged_packets, self.health.mended_times
            for frame in source:
                if self._stopped.is_set():
                    return
                if offset is None:
                    zero = (source.arrived or time.monotonic()) - float(frame.time)
                    self._begun = zero if self._begun is None else self._begun
                    offset = exact(zero - self._begun)
                self._give(frame, offset, source)
                self.health.damaged_packets = damaged + source.damaged_packets
                self.health.mended_times = mended + source.mended_times
            self._reason = source.ended_early or ""

    def _give(self, frame: Frame, offset: Fraction, source: Source) -> None:
        region = self.camera.region
        image = frame.image if region is None else region.of(frame.image)
        small = self._resize(image, frame.sample_aspect_ratio)
        picture = Picture(small, offset + frame.time, source.arrived or time.monotonic())
        self.health.reader_cpu = time.thread_time()
        self.health.frames += 1
        if self.health.state != State.LIVE:
            self._say(State.LIVE, "")
        self._hand_on(picture)

    def _say(self, state: State, reason: str) -> None:
        with self._news:
            if state != self.health.state:
                self.changes.append(state)
            self.health.state, self.health.reason = state, without_password(reason)
            self._news.notify()
