"""Clip models, which see a whole clip at once and carry nothing on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from movinet.errors import MissingExtraError, UsageError
from movinet.models import read_info
from movinet.models.info import kind_of
from movinet.runtime.model import FloatArray, Image


def clip_logits(path: str | Path, frames: FloatArray | Image) -> FloatArray:
    """The logits `[classes]` of a clip, from a model of the base form that this package exported.

    Args:
        path: a .tflite, which LiteRT runs, or an .onnx, which ONNX Runtime runs.
        frames: `[T, H, W, 3]` RGB, uint8 or float32 in 0..1, as long and large as the model takes.

    Raises:
        ModelError: when the file cannot be used.
        UsageError: for frames of another shape, or a model that is no clip model.
    """
    path = Path(path)
    info = read_info(path)
    if info.states:
        raise UsageError(f"{path} is a model of single frames; open_model() runs it")
    if frames.shape != info.image.shape:
        raise UsageError(
            f"the clip is {list(frames.shape)} but {info.name} takes {list(info.image.shape)} "
            "(frames, height, width, RGB)"
        )
    clip = frames if frames.dtype == np.float32 else frames.astype(np.float32) / np.float32(255)
    inputs = {info.image.name: clip}
    if kind_of(path) == ".onnx":
        try:
            from onnxruntime import InferenceSession
        except ImportError as error:
            raise MissingExtraError("the onnxruntime backend", "onnx") from error
        session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return np.asarray(session.run([info.logits.name], inputs)[0][0], np.float32)
    from movinet.runtime.interpreter import interpreter_of

    runner = interpreter_of(path).get_signature_runner(info.signature)
    return np.asarray(runner(**inputs)[info.logits.name][0], np.float32)
