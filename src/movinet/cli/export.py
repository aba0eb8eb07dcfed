"""`movinet export`: a network becomes a file for a phone, a Pi, a server or a browser."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from movinet.cli.inputs import find_inputs
from movinet.cli.knownsources import find_source
from movinet.cli.options import as_json_option, labels_option
from movinet.cli.program import DONE, FAILED
from movinet.cli.targets import check_targets
from movinet.errors import MissingExtraError, UsageError
from movinet.frames.discovery import has_magic

if TYPE_CHECKING:
    from movinet.export import Difference, Exported
    from movinet.export.graph import Array
    from movinet.network import MoViNet

_SUFFIXES = {"litert": ".tflite", "onnx": ".onnx"}
_VERIFIED_FRAMES = 50


@click.command()
@click.argument("source")
@click.option(
    "--to",
    type=click.Choice(list(_SUFFIXES)),
    help="The kind of file; default: by the ending of --out, else litert.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "float16", "dynamic", "int8"]),
    default="float32",
    show_default=True,
    help="float16: half the size. dynamic: weights in 8 bits. int8: computing in 8 bits too.",
)
@click.option(
    "--calibrate",
    multiple=True,
    metavar="VIDEO|FOLDER",
    help="Videos for int8, 8 or more, of what it will be used for; may be given more than once.",
)
@click.option("--out", metavar="FILE", help="The file to write; default: SOURCE-PRECISION.")
@click.option("--embedding", is_flag=True, help="Give the pooled feature as an output too.")
@click.option(
    "--frames",
    type=click.IntRange(1),
    help="Of the base form: frames of a clip; default: as it was trained.",
)
@labels_option
@click.option("--verify", is_flag=True, help="Compare with the network; fail if it is another.")
@click.option("--report", is_flag=True, help="Of int8: what each layer costs.")
@as_json_option
def export(
    source: str,
    to: str | None,
    precision: str,
    calibrate: tuple[str, ...],
    out: str | None,
    embedding: bool,
    frames: int | None,
    labels: str | None,
    verify: bool,
    report: bool,
    as_json: bool,
) -> int:
    """Write the network in SOURCE as a model file.

    SOURCE is a .safetensors file, or anything else that 'movinet models import' reads. The file
    carries its own contract: it runs in 'movinet classify' with no other argument.
    """
    if to is None:
        to = "onnx" if out is not None and Path(out).suffix == ".onnx" else "litert"
    target = Path(out or f"{_stem(source)}-{precision}{_SUFFIXES[to]}")
    _check_calibration(precision, calibrate, report)
    try:
        from movinet.export import export as write
        from movinet.export.clips import Clips, made_up_clip, read_clips
        from movinet.export.exporting import check_network, check_target
        from movinet.models.wholefile import check_writable
        from movinet.weights import Said, read
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "safetensors", "onnx"}:
            raise
        raise MissingExtraError("exporting", "export") from error

    check_target(target, to, precision)
    check_writable(target)
    known = find_source(source, labels)
    check_targets([("--out", target)], [("the source", known.path), ("the list of labels", labels)])
    net = read(
        known.path,
        Said(form=known.form),
        labels=known.labels,
        origin=known.origin,
        licence=known.licence,
    ).net
    check_network(net, precision, frames)
    stage = _Stages()
    clips = Clips((), ())
    if calibrate:
        stage("reading videos")
        clips = read_clips(find_inputs(calibrate, None), net.info)
        for reason in clips.skipped:
            click.echo(f"movinet: skipped: {reason}", err=True)
    exported = write(
        net,
        target,
        to=to,
        precision=precision,
        clips=clips.frames,
        embedding=embedding,
        frames=frames,
        stage=stage,
    )
    differences: list[Difference] = []
    if verify:
        stage("comparing with the network")
        if net.config.causal:
            longest = max(clips.frames, key=len, default=made_up_clip(net.info.size, 12))
            clip = longest[:_VERIFIED_FRAMES]
        else:
            clip = made_up_clip(net.info.size, exported.info.image.shape[0])
        differences = _differences(net, exported, clip)
    stage.end()
    if as_json:
        record = _record(exported, source, clips.skipped, differences)
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        _print(exported, differences, report=report)
    other = [difference for difference in differences if not difference.same]
    for difference in other:
        click.echo(
            f"movinet: error: {target} is not the same network: {difference.name} differs by "
            f"{difference.logits_rms:.1e} (rms of the logits, as a part of their spread), and may "
            f"by {difference.limit:g}",
            err=True,
        )
    return FAILED if other else DONE


def _check_calibration(precision: str, calibrate: tuple[str, ...], report: bool) -> None:
    if precision != "int8":
        if report:
            raise UsageError("--report tells what 8 bits cost: it goes with --precision int8")
        return
    if not calibrate:
        raise UsageError("int8 needs --calibrate: a folder of 8 videos or more of what it is for")
    for name in calibrate:
        if "://" not in name and not has_magic(name) and not os.path.exists(name):  # noqa: PTH110
            raise UsageError(f"cannot calibrate on {name}: there is no such file or folder")


def _stem(source: str) -> str:
    path = Path(source)
    # "a0_stream.ckpt.index" and "weights.tar.gz" are called "a0_stream" and "weights".
    return path.name.split(".")[0] or path.resolve().name


class _Stages:
    """What is being done, on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        """The next stage."""
        if self._shown:
            click.echo(f"\r\033[K{text} ...", nl=False, err=True)

    def end(self) -> None:
        """All is done: take the line away."""
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)


def _differences(net: MoViNet, exported: Exported, frames: Array) -> list[Difference]:
    from movinet.export.parity import compare, differences_of_file, network_trace

    reference = network_trace(net, frames)
    differences = differences_of_file(exported.path, frames, reference)
    if net.config.causal:
        at_once = network_trace(net, frames, at_once=True)
        differences.insert(0, compare("network, clip at once", reference, at_once))
    return differences


def _print(exported: Exported, differences: list[Difference], *, report: bool) -> None:
    info = exported.info
    labels = "no labels (give --labels)" if info.labels is None else "with labels"
    kept = (
        [cost.layer for cost in exported.choice.costs if cost.kept_float] if exported.choice else []
    )
    rows = {
        "network": f"{info.variant}, form {info.form}",
        "precision": info.precision + (f", in float: {', '.join(kept)}" if kept else ""),
        "classes": f"{info.classes}, {labels}",
        "input": f"{info.size[1]}x{info.size[0]} pixels, {float(info.fps):g} frames a second",
        "state": f"{info.state_bytes:,} bytes a stream"
        if info.states
        else f"none: it takes clips of {info.image.shape[0]} frames",
        "written": f"{exported.path} ({exported.size:,} bytes)",
    }
    for key, value in rows.items():
        click.echo(f"{key:<12}{value}")
    if report and exported.choice is not None:
        click.echo("\nlayer            error alone  8 bits")
        for cost in exported.choice.costs:
            click.echo(
                f"{cost.layer:<17}{cost.error:>11.4f}  {'no, float' if cost.kept_float else 'yes'}"
            )
        click.echo(f"{'these in 8 bits':<17}{exported.choice.error:>11.4f}")
    if differences:
        click.echo(
            "\ncompared with the network   logits: max     mean      rms    states  same top  same"
        )
        for d in differences:
            states = "-" if d.states_max is None else f"{d.states_max:.1e}"
            click.echo(
                f"{d.name:<31}{d.logits_max:>9.1e}{d.logits_mean:>9.1e}{d.logits_rms:>9.1e}"
                f"{states:>10}{d.agreement:>9.1%}  {'yes' if d.same else 'NO'}"
            )


def _record(
    exported: Exported, source: str, skipped: tuple[str, ...], differences: list[Difference]
) -> dict[str, Any]:
    info, choice = exported.info, exported.choice
    return {
        "source": source,
        "out": str(exported.path),
        "bytes": exported.size,
        "variant": info.variant,
        "form": info.form,
        "precision": info.precision,
        "classes": info.classes,
        "state_bytes": info.state_bytes,
        "skipped": list(skipped),
        "layers": None
        if choice is None
        else [{"layer": c.layer, "error": c.error, "int8": not c.kept_float} for c in choice.costs],
        "error": None if choice is None else choice.error,
        "verified": [difference.to_dict() for difference in differences],
    }
