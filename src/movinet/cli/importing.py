"""`movinet models import`: weights of others become a file of ours."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from movinet.cli.knownsources import find_source
from movinet.cli.options import as_json_option, labels_option
from movinet.cli.targets import check_targets
from movinet.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from movinet.weights import Imported


def _choice(*words: str) -> click.Choice[str]:
    return click.Choice(words)


@click.command("import")
@click.argument("source")
@click.option("--out", required=True, metavar="FILE.safetensors", help="The file to write.")
@click.option("--variant", type=_choice("a0", "a1", "a2", "a3", "a4", "a5", "t0"))
@click.option(
    "--form",
    type=_choice("base", "stream", "lite"),
    help="Whether it sees whole clips or is causal, where the weights do not tell.",
)
@click.option(
    "--gate",
    type=_choice("keras", "relu6", "sigmoid"),
    help="Squeeze-excite's gate: which hard sigmoid, where the form has one; or the smooth one.",
)
@click.option(
    "--activation",
    type=_choice("swish", "hard_swish", "relu", "relu6"),
    help="Of the convolutions, where it is not the form's own.",
)
@click.option(
    "--classifier-activation",
    type=_choice("swish", "hard_swish", "relu", "relu6"),
    help="Of the dense layer before the classifier, likewise.",
)
@click.option(
    "--squeeze-excite",
    type=_choice("2d", "3d"),
    help="What it sees, where there is one mean: the frame's, or all frames'.",
)
@click.option(
    "--classes", type=click.IntRange(1), help="Keep the rest and begin with a new classifier."
)
@labels_option
@as_json_option
def import_(
    source: str,
    out: str,
    classes: int | None,
    labels: str | None,
    as_json: bool,
    **said: str | None,
) -> None:
    """Read the weights in SOURCE and write them as a file of this package.

    SOURCE is a TensorFlow checkpoint (its prefix, folder or .tar.gz), a SavedModel, a .tflite file,
    a PyTorch state dict of the community port, or a name of 'movinet models list'. Variant and form
    are found out; the options say what weights cannot tell.
    """
    target = Path(out)
    if target.suffix != ".safetensors":
        raise UsageError(f"cannot write {out}: the name of a weights file ends in .safetensors")
    if not target.absolute().parent.is_dir():
        raise UsageError(f"cannot write {out}: there is no folder {target.parent}")
    try:
        from movinet.network import save
        from movinet.weights import Said, read
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "safetensors", "numpy"}:
            raise
        raise MissingExtraError("importing weights", "train") from error

    # A new classifier is for other classes than the published ones.
    known = find_source(source, labels, published_labels=classes is None)
    said["form"] = said["form"] or known.form
    check_targets([("--out", target)], [("the source", known.path), ("the list of labels", labels)])
    imported = read(
        known.path,
        Said(**said),
        classes=classes,
        labels=known.labels,
        origin=known.origin,
        licence=known.licence,
    )
    save(imported.net, target)
    if as_json:
        click.echo(json.dumps(_record(imported, source, target), ensure_ascii=False))
    else:
        _print(imported, target)


def _print(imported: Imported, target: Path) -> None:
    net, config = imported.net, imported.net.config
    details = [config.conv_type, f"squeeze-excite {config.squeeze_excite}", config.activation]
    if config.squeeze_excite != "none":
        details.append(f"gate {config.gate}")
    if config.positional_encoding:
        details.append("positional encoding")
    labels = "no labels (give --labels)" if net.info.labels is None else "with labels"
    rows = {
        "found": imported.kind + (", batch norm folded" if imported.folded else ""),
        "network": f"{config.variant}, form {config.form}: {', '.join(details)}",
        "classes": f"{config.classes}, {labels}",
        "parameters": f"{net.parameter_count:,}",
        "matched": f"{len(imported.matched)} tensors",
        "left": _some(imported.left),
        "untrained": _some(imported.untrained),
        "written": str(target),
    }
    for key, value in rows.items():
        click.echo(f"{key:<12}{value}")


def _some(names: tuple[str, ...]) -> str:
    if not names:
        return "nothing"
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more (--json lists all)" if len(names) > 3 else shown


def _record(imported: Imported, source: str, target: Path) -> dict[str, Any]:
    net = imported.net
    return {
        "source": source,
        "kind": imported.kind,
        "out": str(target),
        "network": dataclasses.asdict(net.config),
        "labels": net.info.labels and list(net.info.labels),
        "parameters": net.parameter_count,
        "batch_norm_folded": imported.folded,
        "matched": dict(imported.matched),
        "left": list(imported.left),
        "untrained": list(imported.untrained),
    }
