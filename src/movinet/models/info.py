"""`ModelInfo`: what a model file says of itself, which is all that a caller needs to run it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from movinet.errors import LabelsError, ModelError, UsageError

RESIZE_RULES = ("stretch", "center")
# "state_block1_layer0_stream_buffer", or "..._0" where each past frame is a state of its own.
_STATE_NAME = re.compile(r"(?P<layer>.*?)_?(?P<kind>stream_buffer|pool_buffer|frame_count)(_\d+)?$")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One input or output: its name in the signature, shape and numpy dtype name.

    Elements q of a quantised one stand for the numbers `scale * (q - zero)`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 1.0
    zero: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


@dataclass(frozen=True, slots=True)
class StatePair:
    """One state: what output `output` gives after a step goes into input `input` of the next.

    A state of a delay line does not come out: `output` is None, and after a step it takes what went
    into the state `moves_from`. A stream begins with every element equal to `zero`; elements q
    stand for the numbers `scale * (q - zero)`. A state that is `passed_through` comes out as it
    went in (its output is its input tensor): nobody needs to carry it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    input: str
    output: str | None
    zero: float = 0.0
    passed_through: bool = False
    moves_from: str | None = None
    scale: float = 1.0

    @property
    def kind(self) -> str | None:
        """ "stream_buffer", "pool_buffer", "frame_count", or None for a state of another name."""
        match = _STATE_NAME.match(self.name)
        return match["kind"] if match else None

    @property
    def layer(self) -> str:
        """The name without its kind: "state_block1_layer0" or "state_head"."""
        match = _STATE_NAME.match(self.name)
        return (match["layer"] if match else self.name).removesuffix("_pool")

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return math.prod(self.shape) * (4 if self.dtype in ("float32", "int32") else 1)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "zero": self.zero,
            "scale": self.scale,
            "input": self.input,
            "output": self.output,
            "moves_from": self.moves_from,
            "passed_through": self.passed_through,
        }


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The contract of one model file.

    Attributes:
        name: what the model calls itself, else the file's name without its ending.
        variant: "a0" .. "a5" or "t0"; None when the file's states do not tell.
        form: "stream" (squeeze-excite), "lite" (ReLU6, no squeeze-excite) or "base" (whole clip).
        precision: "float32", "float16", "dynamic" or "int8".
        signature: the name of the signature to run; in an .onnx the graph's name.
        image: the image input, `[1, H, W, 3]` or `[1, 1, H, W, 3]`, RGB in `value_range`; of the
            base form the clip, `[T, H, W, 3]`.
        logits: the output `[1, classes]` before softmax.
        embedding: the output with the pooled feature, where the file has one.
        states: every state, in a fixed order (by name).
        labels: one a class, or None when the file carries none.
        background: the label that means "none of them", or None.
        temperature: logits are divided by this before softmax.
        fps: frames per second that the model was trained on.
        clip_frames: how many frames its training clips had.
        horizon: how many past frames a stream should average over.
        resize: "stretch" (to the input size whatever the shape) or "center" (shorter side, then
            the centre).
        value_range: what pixel values 0 and 255 become.
        licence, source: free text, None when unknown.
        accuracy: measured accuracies, name to percent or fraction as the file says.
        contract: "movinet.json", "tflite metadata" or "signature": where the above comes from.
    """

    name: str
    variant: str | None
    form: str
    precision: str
    signature: str
    image: TensorInfo
    logits: TensorInfo
    states: tuple[StatePair, ...]
    embedding: TensorInfo | None = None
    labels: tuple[str, ...] | None = None
    background: str | None = None
    temperature: float = 1.0
    fps: Fraction = Fraction(5)
    clip_frames: int = 50
    horizon: int = 50
    resize: str = "stretch"
    value_range: tuple[float, float] = (0.0, 1.0)
    licence: str | None = None
    source: str | None = None
    accuracy: Mapping[str, float] = field(default_factory=dict)
    contract: str = "signature"

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels) != self.classes:
            raise LabelsError(
                f"{len(self.labels)} labels for {self.name}, which has {self.classes} classes; "
                "a label file has one line a class"
            )
        if self.resize not in RESIZE_RULES:
            raise UsageError(f"unknown resize rule {self.resize!r}: use stretch or center")
        if not self.fps > 0:
            raise UsageError(f"frames per second must be above 0, not {float(self.fps):g}")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise UsageError(f"temperature must be above 0, not {self.temperature:g}")
        if self.horizon < 1:
            raise UsageError(f"a horizon must be 1 frame or more, not {self.horizon}")
        low, high = self.value_range
        if not (math.isfinite(low) and math.isfinite(high) and low != high):
            raise UsageError(f"a value range must span something, not {low:g} to {high:g}")
        if self.background is not None and self.background not in (self.labels or ()):
            raise LabelsError(
                f"the background label {self.background!r} of {self.name} is not among its labels"
            )

    @property
    def classes(self) -> int:
        """How many classes the model tells apart."""
        return self.logits.shape[-1]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the input in pixels."""
        return self.image.shape[-3], self.image.shape[-2]

    @property
    def live_states(self) -> tuple[StatePair, ...]:
        """The states that change: all but the passed-through ones."""
        return tuple(state for state in self.states if not state.passed_through)

    @property
    def state_bytes(self) -> int:
        """Bytes that a stream must carry from one step to the next."""
        return sum(state.nbytes for state in self.live_states)

    def label(self, index: int) -> str:
        """The label of a class; its number as text when the model carries no labels."""
        return str(index) if self.labels is None else self.labels[index]

    def with_labels(self, labels: tuple[str, ...], name: str) -> ModelInfo:
        """The same with other labels; `name` is the file they come from, for the error.

        Raises:
            LabelsError: when their number is not the number of classes.
        """
        if len(labels) != self.classes:
            raise LabelsError(
                f"{name} has {len(labels)} labels but {self.name} has {self.classes} classes; "
                "a label file has one line a class"
            )
        background = self.background if self.background in labels else None
        return replace(self, labels=labels, background=background)

    def to_dict(self) -> dict[str, Any]:
        """The whole contract as plain JSON values: what an app outside Python needs."""
        return {
            "name": self.name,
            "variant": self.variant,
            "form": self.form,
            "precision": self.precision,
            "signature": self.signature,
            "image": self.image.to_dict(),
            "logits": self.logits.to_dict(),
            "embedding": None if self.embedding is None else self.embedding.to_dict(),
            "size": list(self.size),
            "fps": float(self.fps),
            "clip_frames": self.clip_frames,
            "horizon": self.horizon,
            "resize": self.resize,
            "channels": "RGB",
            "value_range": list(self.value_range),
            "temperature": self.temperature,
            "classes": self.classes,
            "background": self.background,
            "labels": None if self.labels is None else list(self.labels),
            "states": [state.to_dict() for state in self.states],
            "state_bytes": self.state_bytes,
            "licence": self.licence,
            "source": self.source,
            "accuracy": dict(self.accuracy),
            "contract": self.contract,
        }


def read_info(path: str | Path) -> ModelInfo:
    """What the model file at `path` says of itself, read without running it.

    From its own `movinet.json`, else from TFLite model metadata and files zipped behind it, else
    from what its names and shapes show.

    Raises:
        ModelError: when the file cannot be read, is damaged, or is no streaming classifier.
    """
    path = Path(path)
    if kind_of(path) == ".onnx":
        from movinet.models.onnxfile import read_onnx

        return read_onnx(path)
    from movinet.models.tflite import read_tflite

    return read_tflite(path)


def kind_of(path: Path) -> str:
    """What a model file is, by its content: ".tflite" or ".onnx".

    What is neither counts as a .tflite, whose reader says what is wrong with it.

    Raises:
        ModelError: when it holds weights only.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    if start[4:] == b"TFL3":
        return ".tflite"
    from movinet.models.weightsfile import is_safetensors

    if path.suffix == ".safetensors" or is_safetensors(path):
        raise ModelError(
            f"cannot use {path}: it holds weights, which no backend runs; "
            f"'movinet export {path} --to litert' makes a model file of them"
        )
    from movinet.models.onnxfile import is_onnx

    return ".onnx" if is_onnx(path) else ".tflite"
