"""`Stream`: frames in, predictions out, for one video or camera."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from movinet.errors import UsageError
from movinet.frames import Image, Resizer, Time, check_image, exact_seconds
from movinet.models.info import RESIZE_RULES
from movinet.stream.cuts import Cuts
from movinet.stream.events import EventOptions
from movinet.stream.horizon import Horizon, HorizonState
from movinet.stream.pace import Pace
from movinet.stream.prediction import Prediction, softmax

if TYPE_CHECKING:
    from movinet.runtime import FloatArray, StepModel

_HEADER = struct.Struct("<Q")  # bytes of what is known of the last picture


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a stream treats its frames.

    Attributes:
        fps: frames per second that the model is given.
        horizon: frames that the model averages over; None: all since the stream began.
        resize: "stretch" or "center".
        predict_every: answer only every so many model frames (1: all); the frames between still
            enter the state.
        embeddings: put the pooled feature into each prediction.
        events: what an event is, for streams whose scores become events; else None. The horizon
            is their memory then.
    """

    fps: Fraction
    horizon: int | None
    resize: str
    predict_every: int = 1
    embeddings: bool = False
    events: EventOptions | None = None

    def __post_init__(self) -> None:
        if self.predict_every < 1:
            raise UsageError(f"predict_every must be 1 or more, not {self.predict_every}")
        if self.horizon is not None and self.horizon < 1:
            raise UsageError(f"a horizon must be 1 frame or more, not {self.horizon}")
        if self.resize not in RESIZE_RULES:
            raise UsageError(f"unknown resize rule {self.resize!r}: use stretch or center")


class Stream:
    """One stream on a model that other streams may share. Use a stream from one thread at a time.

    `push` it frames as they come; it takes those that the model's frame rate asks for, and answers
    with a `Prediction` for each of them. It begins anew by itself when its frames stay away for
    longer than the horizon.

    Attributes:
        frames: how many frames the model was given, in all.
        resets: how often the stream began anew.
        cuts: how often its memory did since the film had a cut; only looked for where there are
            events, which mixtures of two scenes would spoil.
    """

    def __init__(self, model: StepModel, options: StreamOptions) -> None:
        self._model = model
        self._options = options
        self._horizon = Horizon(model.info, options.horizon)
        self._resizer = Resizer(*model.info.size, options.resize)
        self._pace = Pace(options.fps, options.horizon)
        self._cuts = None if options.events is None else Cuts()
        self.frames = self.cuts = 0
        self.resets = -1
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if no frame had been pushed."""
        self._pace.reset()
        self._forget()

    def _forget(self) -> None:
        self._state = HorizonState(self._model, self._horizon)
        self._cut_off = 0  # frames before the last cut
        self.resets += 1

    def resize(self, image: Image, sample_aspect_ratio: Fraction = Fraction(1)) -> Image:
        """A frame as the model wants it; `push` does this by itself.

        Args:
            image: `[H, W, 3]` uint8 RGB, of any size.
            sample_aspect_ratio: width of a pixel over its height.

        Returns:
            `[height, width, 3]` uint8 of the model's size; `image` itself if it has that already.
        """
        return self._resizer(check_image(image), sample_aspect_ratio)

    def push(
        self,
        image: Image,
        time: Time | None = None,
        *,
        sample_aspect_ratio: Fraction = Fraction(1),
        chosen: bool = False,
    ) -> Prediction | None:
        """Give the stream its next frame.

        Args:
            image: `[H, W, 3]` uint8 RGB, of any size.
            time: seconds on any clock that goes forward; without one, every frame is taken.
            sample_aspect_ratio: width of a pixel over its height.
            chosen: the frame is taken whatever its time: it is one of those that a source gives
                which was opened at the model's frame rate, of which some may have been lost.

        Returns:
            The prediction, or None when the frame is not taken (too soon after the last one for
            the model's frame rate, or between two answers of `predict_every`).

        Raises:
            UsageError: when the image or the time is not of that kind.
        """
        check_image(image)
        moment: Fraction | None = None
        if time is not None:
            moment, anew = self._pace.take(exact_seconds(time), chosen=chosen)
            if anew:
                self._forget()
            if moment is None:
                return None
        return self.step(self._resizer(image, sample_aspect_ratio), moment)

    def step(self, small: Image, moment: Fraction | None) -> Prediction | None:
        """What `push` does with a frame that is taken, for callers with a `Pace` of their own.

        Args:
            small: `[height, width, 3]` uint8 of the model's size.
            moment: seconds; None: one frame of the model's frame rate after the one before.
        """
        if moment is None:
            moment = (self._cut_off + self._state.seen) / self._options.fps
        if self._cuts is not None and self._cuts.between(small) and self._state.seen:
            self._cut_off += self._state.seen
            self._state = HorizonState(self._model, self._horizon)
            self.cuts += 1
        index = self._cut_off + self._state.seen
        logits = self._state.step(small)
        self.frames += 1
        if (index + 1) % self._options.predict_every:
            return None
        embedding = self._state.embedding() if self._options.embeddings else None
        info = self._model.info
        seen, horizon = self._state.seen, self._options.horizon
        memory = seen if horizon is None else min(seen, horizon)
        scores = softmax(logits, info.temperature)
        return Prediction(moment, index, scores, info, embedding, memory)

    def move(self, model: StepModel) -> None:
        """Go on, with all that it remembers, on another load of the same model file.

        Raises:
            UsageError: when it is another file, or on another backend.
        """
        self._state.move(model)
        self._model = model

    def embedding(self) -> FloatArray:
        """The pooled feature after the last frame, `[channels]` float32.

        Raises:
            ModelError: when the model gives none.
        """
        return self._state.embedding()

    def to_bytes(self) -> bytes:
        """The state, to go on in another process with `from_bytes`. Times begin anew there."""
        shades = b"" if self._cuts is None else self._cuts.to_bytes()
        return _HEADER.pack(len(shades)) + shades + self._state.to_bytes()

    def from_bytes(self, data: bytes) -> None:
        """Take over a saved state of the same model and horizon.

        Raises:
            UsageError: when it is none.
        """
        if len(data) < _HEADER.size:
            raise UsageError("these bytes are no saved state")
        begin = _HEADER.size + _HEADER.unpack_from(data)[0]
        state = HorizonState.from_bytes(data[begin:], self._model, self._horizon)
        if self._cuts is not None:
            self._cuts.from_bytes(data[_HEADER.size : begin])
        self.reset()
        self._state = state
