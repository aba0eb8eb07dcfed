"""The OpenVINO backend: reads .onnx files, and .tflite files as well."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from movinet.errors import MissingExtraError, ModelError
from movinet.models import ModelInfo
from movinet.models.info import kind_of
from movinet.runtime.arraystate import ArrayModel, Slot, Tensors
from movinet.runtime.model import StateArray


def open_openvino(path: Path, info: ModelInfo, threads: int) -> OpenVinoModel:
    """Load `path` on OpenVINO; see `open_model`."""
    try:
        core = _core()
    except ImportError as error:
        raise MissingExtraError("the openvino backend", "openvino") from error
    tensors = _tensors(path, info)
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    try:
        compiled = core.compile_model(core.read_model(path), "CPU", settings)
        return OpenVinoModel(compiled, info, tensors)
    except RuntimeError as error:
        raise ModelError(f"cannot use {path}: OpenVINO refuses it ({_reason(error)})") from error
    except KeyError as error:
        raise ModelError(f"cannot use {path}: it has no {error}, as its contract says") from error


def _tensors(path: Path, info: ModelInfo) -> Tensors:
    """What OpenVINO calls inputs and outputs: of a .tflite, by tensor and not by signature."""
    if kind_of(path) != ".tflite":
        return Tensors.of(info)
    from movinet.models.tflite import tensor_names

    return Tensors(*tensor_names(path, info.signature))


@cache
def _core() -> Any:  # noqa: ANN401 (its own types come and go with versions)
    import openvino

    return openvino.Core()


def _reason(error: RuntimeError) -> str:
    """The line of a message that says something: where in OpenVINO's sources it was is above it."""
    lines = [line.strip() for line in str(error).split("\n") if line.strip()]
    said = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    return (said or lines or ["no reason given"])[-1]


class OpenVinoModel(ArrayModel):
    """A model file compiled by OpenVINO; see `StepModel`."""

    def __init__(self, compiled: Any, info: ModelInfo, tensors: Tensors) -> None:  # noqa: ANN401
        super().__init__(info, tensors)
        self._compiled = compiled
        self._ports = (
            _ports(compiled.inputs, tensors.inputs),
            _ports(compiled.outputs, tensors.outputs),
        )
        self.prepare()

    def slot(self, array: StateArray) -> Slot:
        """A slot over an array."""
        from openvino import Tensor

        return Slot(array, Tensor(array, shared_memory=True))

    def runner(self) -> _Runner:
        """A new runner."""
        return _Runner(self._compiled.create_infer_request(), *self._ports)


def _ports(ports: Any, names: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401
    """Name in the contract to the engine's own object."""
    there = {name: port for port in ports for name in port.names}
    return {name: there[inner] for name, inner in names.items() if inner in there}


class _Runner:
    def __init__(self, request: Any, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:  # noqa: ANN401
        self._request = request
        self._inputs = inputs
        self._outputs = outputs

    def bind_input(self, name: str, slot: Slot) -> None:
        self._request.set_tensor(self._inputs[name], slot.handle)

    def bind_output(self, name: str, slot: Slot) -> None:
        self._request.set_tensor(self._outputs[name], slot.handle)

    def run(self) -> None:
        self._request.infer()
