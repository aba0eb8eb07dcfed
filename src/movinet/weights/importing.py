"""Reading a network from wherever its weights still are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from movinet.errors import ModelError, UsageError
from movinet.models.weightsfile import WeightsInfo, is_safetensors
from movinet.network import MoViNet, NetworkConfig, load
from movinet.network.file import misfits
from movinet.network.fusing import unfolded
from movinet.weights.deduction import Said, deduce
from movinet.weights.found import Array, Found
from movinet.weights.statedict import is_state_dict, read_state_dict
from movinet.weights.tensorflow import is_tensorflow, read_tensorflow
from movinet.weights.tflite import is_tflite, read_tflite

_NAMED = 5  # names in an error, before it says how many more there are


@dataclass(frozen=True)
class Imported:
    """A network that was read, and what was found on the way.

    Attributes:
        net: the network, in evaluation mode.
        kind: what the source is, in words.
        matched: our name of each tensor to its name in the source.
        left: names in the source that are no part of the network.
        untrained: our names of what the source did not bring along, which is drawn anew.
        folded: batch norm was folded into the convolutions already; the network's own batch norm
            then changes nothing but a bias.
    """

    net: MoViNet
    kind: str
    matched: Mapping[str, str]
    left: tuple[str, ...]
    untrained: tuple[str, ...]
    folded: bool


def read(
    source: str | Path,
    said: Said | None = None,
    *,
    classes: int | None = None,
    labels: tuple[str, ...] | None = None,
    origin: str | None = None,
    licence: str | None = None,
) -> Imported:
    """The network in `source`, whatever kind of file or folder that is.

    Kinds: TensorFlow checkpoints (prefix, one of its files, folder, `.tar.gz`), SavedModels,
    `.tflite` files of the stream and lite forms, PyTorch state dicts of the community port, and
    `.safetensors` files of this package.

    Args:
        source: the file or folder.
        said: what the weights cannot tell.
        classes: put a new, untrained classifier for so many classes in place, unless the source
            has one for as many; the rest of the weights is kept.
        labels: one a class.
        origin, licence: to be kept with the weights.

    Raises:
        ModelError: the source cannot be read, is of no known kind, or its tensors do not fit.
        UsageError: what is said contradicts the source.
    """
    source = Path(source)
    said = said or Said()
    if is_safetensors(source):
        imported = _own(source, said)
    else:
        found = _found(source)
        try:
            imported = _built(found, said, new_classifier=classes is not None)
        except UsageError as error:
            raise UsageError(f"cannot import {source}: {error}") from error
        except ModelError as error:
            raise ModelError(f"cannot import {source}: {error}") from error
    net = imported.net
    untrained = imported.untrained
    if classes is not None and (classes != net.config.classes or untrained):
        net.replace_classifier(classes)
        new = ("head.classifier.weight", "head.classifier.bias")
        untrained = tuple(dict.fromkeys((*untrained, *new)))
    info = dataclasses.replace(
        net.info,
        labels=net.info.labels if labels is None else labels,
        origin=origin or net.info.origin or f"{source.name} ({imported.kind})",
        licence=licence or net.info.licence,
    )
    info.check_labels(net.config.classes)
    net.info = info
    matched = {ours: theirs for ours, theirs in imported.matched.items() if ours not in untrained}
    return dataclasses.replace(imported, untrained=untrained, matched=matched)


def _found(source: Path) -> Found:
    if is_tflite(source):
        return read_tflite(source)
    if is_tensorflow(source):
        return read_tensorflow(source)
    if is_state_dict(source):
        return read_state_dict(source)
    if not source.exists():
        raise ModelError(f"cannot read {source}: no such file")
    raise ModelError(
        f"cannot import {source}: neither a TensorFlow checkpoint or SavedModel, a .tflite file, "
        "a PyTorch state dict nor a .safetensors file"
    )


def _built(found: Found, said: Said, *, new_classifier: bool) -> Imported:
    config = deduce(found, said)
    variant = config.family
    folded = any(name.endswith(".conv.bias") for name in found.tensors)
    tensors = unfolded({name: _tensor(array) for name, array in found.tensors.items()})
    facts = WeightsInfo.of_variant(variant.facts, variant.resolution)
    if found.hints.size is not None:
        facts = dataclasses.replace(facts, size=found.hints.size)
    net = MoViNet(config, facts)
    untrained: tuple[str, ...] = ()
    if new_classifier:
        # A backbone alone will do: its head is drawn anew.
        head = {name: t for name, t in net.state_dict().items() if name.startswith(_HEAD)}
        untrained = tuple(name for name in head if name not in tensors)
        tensors |= {name: head[name] for name in untrained}
    _check(tensors, net)
    net.load_state_dict(tensors)
    return Imported(
        net=net.eval(),
        kind=found.kind,
        matched=dict(found.names),
        left=found.left,
        untrained=untrained,
        folded=folded,
    )


_HEAD = ("head.dense.", "head.classifier.")


def _check(tensors: Mapping[str, torch.Tensor], net: MoViNet) -> None:
    wrong = misfits({name: tuple(tensor.shape) for name, tensor in tensors.items()}, net)
    if wrong:
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        headless = [w for w in wrong if w.startswith(_HEAD)] == wrong
        hint = "; --classes puts an untrained head in place" if headless else ""
        raise ModelError(
            f"its tensors are not those of {_words(net.config)}: {'; '.join(wrong[:_NAMED])}"
            f"{more}{hint}"
        )
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{name} has values that are not finite; the file is damaged")


def _words(config: NetworkConfig) -> str:
    return f"variant {config.variant}, form {config.form}, {config.conv_type}"


def _tensor(array: Array) -> torch.Tensor:
    return torch.tensor(array)  # a copy, so that nothing keeps the file's bytes


def _own(source: Path, said: Said) -> Imported:
    """A file of ours says all of itself; only what is no part of its tensors can be said anew."""
    net = load(source)
    new = {name: word for name, word in vars(said).items() if word is not None}
    if any(
        name in {"variant", "form"} and word != getattr(net.config, name)
        for name, word in new.items()
    ):
        raise UsageError(f"cannot import {source}: it says that it is {_words(net.config)}")
    if new:
        net = _with(net, dataclasses.replace(net.config, **new))
    names = {name: name for name in net.state_dict()}
    return Imported(net, "weights of this package", names, (), (), folded=net.config.fused)


def _with(net: MoViNet, config: NetworkConfig) -> MoViNet:
    other = MoViNet(config, net.info, drawn=False)
    _check(net.state_dict(), other)
    other.load_state_dict(net.state_dict())
    return other.eval()
