"""`export`: a network becomes a file that a device can run, and says what it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from movinet.errors import UsageError
from movinet.export.calibration import Ranges, calibrate, channel_means
from movinet.export.graph import Array, Graph
from movinet.export.litert import check_tflite, write_tflite
from movinet.export.lowering import lower_clip, lower_step
from movinet.export.onnx import write_onnx
from movinet.export.precision import corrected_biases, halve_weights, integer_weights
from movinet.export.quantise import layers_of, quantise
from movinet.export.sensitivity import Choice, choose_layers
from movinet.models import ModelInfo
from movinet.models.onnxfile import contract_of_onnx, pack_onnx
from movinet.models.packing import pack
from movinet.models.tflite import info_of
from movinet.models.wholefile import check_writable, write_whole
from movinet.network import MoViNet

PRECISIONS = ("float32", "float16", "dynamic", "int8")
# What each kind of file is called, and which precisions it can have.
TARGETS = {"litert": (".tflite", PRECISIONS), "onnx": (".onnx", ("float32", "float16"))}

Stage = Callable[[str], None]

# Of the calibration clips: how many, and how many frames of each, layers are tried on.
_TRIALS, _TRIAL_FRAMES = 4, 8
_MEANS = 12  # clips, for what goes into convolutions in the mean


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: where it is.
        info: its contract.
        size: in bytes.
        choice: of an int8 file, which layers are in 8 bits and what each costs.
    """

    path: Path
    info: ModelInfo
    size: int
    choice: Choice | None


def export(
    net: MoViNet,
    out: str | Path,
    *,
    to: str = "litert",
    precision: str = "float32",
    clips: Sequence[Array] = (),
    embedding: bool = False,
    frames: int | None = None,
    stage: Stage = lambda text: None,
) -> Exported:
    """Write a network as a model file.

    A causal network becomes one step of a stream; one of the base form a model of whole clips,
    whose input is `clip`, `[frames, height, width, 3]`.

    Args:
        net: the network; what its `info` says goes into the file.
        out: the file, whose ending is that of its kind.
        to: "litert" or "onnx".
        precision: "float32"; "float16": weights half as large; "dynamic": weights in 8 bits,
            computing in float; "int8": both in 8 bits (the last two for LiteRT only).
        clips: for int8, and worth having for dynamic: real clips `[T, H, W, 3]` uint8 of the
            network's picture size.
        embedding: give the pooled feature as an output.
        frames: for the base form: how long a clip is; default: what it was trained on.
        stage: told what is being done.

    Raises:
        UsageError: for a kind or precision that there is not, or int8 without clips.
        ModelError: when weights are not finite, or the engine refuses what was written.
        OutputError: when `out` cannot be written; nothing is left behind then.
    """
    out = Path(out)
    check_target(out, to, precision)
    check_writable(out)
    check_network(net, precision, frames)
    if precision == "int8" and not clips:
        raise UsageError("int8 needs clips to calibrate on: real ones, of what it will be used for")
    stage("reading the network")
    choice = None
    if not net.config.causal:
        graph = lower_clip(net, frames or net.info.clip_frames, embedding=embedding)
    elif precision == "int8":
        graph, choice = _integers(net, clips, embedding, stage)
    else:
        graph = lower_step(net, embedding=embedding)
    if precision == "float16" and to == "litert":
        graph = halve_weights(graph)
    elif precision == "dynamic":
        biases = _biases(graph, clips) if clips and net.config.causal else {}
        graph = integer_weights(graph, biases)
    stage("writing the file")
    info, packed = (_onnx if to == "onnx" else _tflite)(net, graph, out.stem, precision)
    write_whole(out, packed)
    return Exported(out, info, len(packed), choice)


def _tflite(net: MoViNet, graph: Graph, name: str, precision: str) -> tuple[ModelInfo, bytes]:
    data = write_tflite(graph)
    info = _contract(info_of(data, name), net, graph, precision)
    packed = pack(data, info)
    check_tflite(packed)
    return info, packed


def _onnx(net: MoViNet, graph: Graph, name: str, precision: str) -> tuple[ModelInfo, bytes]:
    data = write_onnx(graph, half=precision == "float16")
    info = _contract(contract_of_onnx(data, name), net, graph, precision)
    return info, pack_onnx(data, info, author=info.source)


def check_target(out: Path, to: str, precision: str) -> None:
    """Make sure that such a file can be.

    Raises:
        UsageError: it cannot.
    """
    if to not in TARGETS:
        raise UsageError(f"unknown kind of file {to!r}: use {' or '.join(TARGETS)}")
    suffix, precisions = TARGETS[to]
    if precision not in PRECISIONS:
        raise UsageError(f"unknown precision {precision!r}: use one of {', '.join(PRECISIONS)}")
    if precision not in precisions:
        raise UsageError(f"an {to} file cannot be {precision}: it can be {' or '.join(precisions)}")
    if out.suffix != suffix:
        raise UsageError(f"cannot write {out}: the name of such a file ends in {suffix}")


def check_network(net: MoViNet, precision: str, frames: int | None) -> None:
    """Make sure that a network can become such a file.

    Raises:
        UsageError: it cannot.
    """
    if net.config.causal:
        if frames is not None:
            raise UsageError(
                f"a network of the {net.config.form} form takes frame by frame: the length of a "
                "clip is for the base form"
            )
    elif precision == "int8":
        raise UsageError("a network of the base form cannot be int8: it can be dynamic or float16")


def _integers(
    net: MoViNet, clips: Sequence[Array], embedding: bool, stage: Stage
) -> tuple[Graph, Choice]:
    layers = layers_of(lower_step(net, windows=True))
    graph = lower_step(net, windows=True, plain=layers)
    stage("calibrating")
    ranges: Ranges = calibrate(graph, clips)
    biases = _biases(graph, clips)
    stage("weighing what 8 bits cost in each layer")
    short = [clip[:_TRIAL_FRAMES] for clip in clips[:_TRIALS]]
    choice = choose_layers(graph, ranges, short, biases)
    graph = lower_step(net, windows=True, plain=choice.layers, embedding=embedding)
    if set(choice.layers) != set(layers) or embedding:
        stage("calibrating again, without the layers that stay in float")
        ranges, biases = calibrate(graph, clips), _biases(graph, clips)
    return quantise(graph, ranges, choice.layers, biases), choice


def _biases(graph: Graph, clips: Sequence[Array]) -> dict[str, Array]:
    """Biases to use beside rounded weights, by what some of the clips show."""
    step = -(-len(clips) // _MEANS)
    return corrected_biases(graph, channel_means(graph, clips[::step]))


def _contract(shown: ModelInfo, net: MoViNet, graph: Graph, precision: str) -> ModelInfo:
    """What the file shows by itself, and what is known of the network."""
    said = net.info
    states = tuple(
        dataclasses.replace(state, scale=state.scale / graph.factors.get(state.name, 1.0))
        for state in shown.states
    )
    return dataclasses.replace(
        shown,
        variant=net.config.variant,
        form=net.config.form,
        precision=precision,
        states=states,
        labels=said.labels,
        background=said.background,
        fps=said.fps,
        clip_frames=said.clip_frames,
        horizon=said.clip_frames,
        licence=said.licence,
        source=said.origin,
    )
