"""What a model file says of itself, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from movinet.models import ModelInfo

if TYPE_CHECKING:
    from movinet.models.weightsfile import WeightsFile


def print_info(info: ModelInfo) -> None:
    """Print the contract of a model as a table on standard output."""
    low, high = info.value_range
    buffers = [state for state in info.live_states if state.kind == "stream_buffer"]
    dead = len(info.states) - len(info.live_states)
    rows = {
        "name": info.name,
        "network": f"{info.variant or 'unknown variant'}, form {info.form}, {info.precision}",
        "input": f"{info.image.name} {list(info.image.shape)} {info.image.dtype}, RGB, "
        f"{low:g} to {high:g}, resize {info.resize}",
        "output": f"{info.logits.name} {list(info.logits.shape)} {info.logits.dtype}, "
        + (f"temperature {info.temperature:g}, " if info.temperature != 1 else "")
        + "softmax gives scores",
        "classes": str(info.classes)
        + ("" if info.labels else " (no labels inside: give a label file with --labels)"),
        "labels": _some(info.labels),
        "background": info.background or "-",
        "frame rate": f"{float(info.fps):g} frames a second",
        "horizon": f"{info.horizon} frames ({float(info.horizon / info.fps):g} s)",
        "states": f"{len(info.live_states)} carried, {info.state_bytes:,} bytes a stream"
        + (f"; {dead} more pass through unchanged" if dead else "")
        + f"; {len(buffers)} stream buffers",
        "signature": info.signature or "-",
        "licence": info.licence or "not said",
        "source": info.source or "not said",
        "accuracy": ", ".join(f"{k} {v:g}" for k, v in info.accuracy.items()) or "not said",
        "read from": info.contract,
    }
    print_rows(rows)


def print_weights(name: str, file: WeightsFile) -> None:
    """Print what a `.safetensors` file of ours says of itself, likewise."""
    network, info = file.network, file.info
    height, width = info.size
    parts = ("conv_type", "activation", "gate", "classifier_activation", "fused")
    rows = {
        "name": name,
        "network": f"{network.get('variant')}, form {network.get('form')}",
        "parts": ", ".join(f"{part} {network.get(part)}" for part in parts)
        + f", squeeze_excite {network.get('squeeze_excite')}"
        + (", positional encoding" if network.get("positional_encoding") else ""),
        "input": f"{height}x{width} pixels, RGB, 0 to 1",
        "classes": str(network.get("classes")),
        "labels": _some(info.labels),
        "frame rate": f"{float(info.fps):g} frames a second",
        "clip": f"{info.clip_frames} frames",
        "tensors": f"{file.tensors}, {file.parameters:,} numbers",
        "recipe": ", ".join(f"{k} {v}" for k, v in info.recipe.items()) or "not said",
        "licence": info.licence or "not said",
        "origin": info.origin or "not said",
    }
    print_rows(rows)


def print_rows(rows: Mapping[str, str]) -> None:
    """Print names and what belongs to them, in two columns."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows.items():
        table.add_row(name, text)
    Console(highlight=False, emoji=False, markup=False).print(table)


def _some(labels: tuple[str, ...] | None) -> str:
    """The first few of them."""
    if not labels:
        return "-"
    return ", ".join(labels[:3]) + (", ..." if len(labels) > 3 else "")
