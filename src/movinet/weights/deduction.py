"""Which network a set of tensors belongs to, as far as they tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from movinet.errors import ModelError, UsageError
from movinet.network import FAMILY, NetworkConfig, Variant
from movinet.weights.found import Array, Found


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person says of a source, None for what is to be found out; words of `NetworkConfig`.

    Weights look alike with either activation, either hard sigmoid, a mean of the frame or of all
    frames; and a network of 3-D convolutions looks alike whether it is causal or not.
    """

    variant: str | None = None
    form: str | None = None
    squeeze_excite: str | None = None
    activation: str | None = None
    gate: str | None = None
    classifier_activation: str | None = None


def deduce(found: Found, said: Said) -> NetworkConfig:
    """The network that `found` belongs to, with what is `said` in the place of guesses.

    Raises:
        ModelError: its tensors are no network of the family.
        UsageError: what is said does not go together.
    """
    tensors, hints = found.tensors, found.hints
    variant = _variant(tensors, said.variant)
    seen = _squeeze_excite(tensors, variant)
    conv_type = hints.conv_type or _conv_type(tensors)
    form = said.form or hints.form or _form(conv_type, seen)
    if said.squeeze_excite is not None and (said.squeeze_excite, seen) not in {
        (seen, seen),
        ("2d", "3d"),
    }:
        raise UsageError(f"squeeze-excite cannot be {said.squeeze_excite}: the weights are {seen}")
    published = NetworkConfig.of(variant.name, form)
    # What the official code takes where it is told nothing. Networks that were never released, of
    # other parts than the released forms, were made with these.
    unlike = form != "lite" and seen != published.squeeze_excite
    activation = "swish" if unlike else published.activation
    gate = "sigmoid" if unlike else published.gate
    if form == "lite" and seen != "none":
        raise ModelError("a lite network has no squeeze-excite, but these weights have")
    classifier = tensors.get("head.classifier.weight")
    return NetworkConfig.of(
        variant.name,
        form,
        classes=published.classes if classifier is None else classifier.shape[0],
        conv_type=conv_type,
        squeeze_excite=said.squeeze_excite or seen,
        activation=said.activation or hints.activation or activation,
        gate=_gate(said.gate, form) or hints.gate or gate,
        classifier_activation=said.classifier_activation
        or hints.classifier_activation
        or published.classifier_activation,
        positional_encoding=any(name.endswith(".position_scale") for name in tensors),
    )


def _variant(tensors: Mapping[str, Array], said: str | None) -> Variant:
    layers = {tuple(name.split(".")[1:3]) for name in tensors if name.startswith("blocks.")}
    counts = Counter(block for block, _ in layers)
    found = [counts[block] for block in sorted(counts)]
    for variant in FAMILY.values():
        if [len(block) for block in variant.blocks] == found:
            if said not in (None, variant.name):
                raise UsageError(
                    f"the weights are of variant {variant.name}, not {said}: their blocks have "
                    f"{', '.join(map(str, found))} layers"
                )
            return variant
    raise ModelError(
        f"no variant has blocks of {', '.join(map(str, found)) or 'no'} layers; "
        "the weights are incomplete or of another network"
    )


def _squeeze_excite(tensors: Mapping[str, Array], variant: Variant) -> str:
    first = variant.layers[0]
    reduce = tensors.get(f"blocks.{first.block}.{first.index}.squeeze.reduce.weight")
    if reduce is None:
        return "none"
    return "2plus3d" if reduce.shape[-1] == 2 * first.expanded else "3d"


def _gate(said: str | None, form: str) -> str | None:
    """Which of two hard sigmoids is no question for the base form, whose gate is smooth."""
    return None if form == "base" and said in ("keras", "relu6") else said


def _conv_type(tensors: Mapping[str, Array]) -> str:
    return "2plus1d" if any(".temporal." in name for name in tensors) else "3d"


def _form(conv_type: str, squeeze_excite: str) -> str:
    if squeeze_excite == "none":
        return "lite"
    return "base" if conv_type == "3d" else "stream"
