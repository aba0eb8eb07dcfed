"""The ONNX Runtime backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from movinet.errors import MissingExtraError, ModelError
from movinet.models import ModelInfo
from movinet.runtime.arraystate import ArrayModel, Slot
from movinet.runtime.model import StateArray

_SILENT = 4  # "fatal": errors come as exceptions


def open_onnxruntime(path: Path, info: ModelInfo, threads: int) -> OnnxModel:
    """Load `path` on ONNX Runtime; see `open_model`."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("the onnxruntime backend", "onnx") from error

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    # Threads that wait by spinning take cores from decoding and from other streams.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    # Its exceptions have no common base of their own.
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"cannot use {path}: ONNX Runtime refuses it ({reason})") from error
    try:
        return OnnxModel(session, info)
    except KeyError as error:
        raise ModelError(f"cannot use {path}: it has no {error}, as its contract says") from error


class OnnxModel(ArrayModel):
    """A model file loaded into one ONNX Runtime session; see `StepModel`."""

    def __init__(self, session: Any, info: ModelInfo) -> None:  # noqa: ANN401 (untyped library)
        super().__init__(info)
        self._session = session
        self.prepare()

    def slot(self, array: StateArray) -> Slot:
        """A slot over an array."""
        from onnxruntime import OrtValue

        return Slot(array, OrtValue.ortvalue_from_numpy(array))

    def runner(self) -> _Runner:
        """A new runner."""
        return _Runner(self._session)


class _Runner:
    def __init__(self, session: Any) -> None:  # noqa: ANN401 (untyped library)
        self._session = session
        self._binding = session.io_binding()
        self._names = {value.name for value in (*session.get_inputs(), *session.get_outputs())}

    def bind_input(self, name: str, slot: Slot) -> None:
        self._check(name)
        self._binding.bind_ortvalue_input(name, slot.handle)

    def bind_output(self, name: str, slot: Slot) -> None:
        self._check(name)
        self._binding.bind_ortvalue_output(name, slot.handle)

    def run(self) -> None:
        self._session.run_with_iobinding(self._binding)

    def _check(self, name: str) -> None:
        if name not in self._names:
            raise KeyError(name)
