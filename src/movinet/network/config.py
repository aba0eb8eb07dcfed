"""`NetworkConfig`: which network, as one frozen value that a weights file can carry."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from movinet.errors import UsageError
from movinet.network.variants import Variant, variant_named

Form = Literal["base", "stream", "lite"]
ConvType = Literal["3d", "2plus1d", "3d_2plus1d"]
SqueezeExcite = Literal["none", "2d", "3d", "2plus3d"]
Activation = Literal["swish", "hard_swish", "relu", "relu6"]
Gate = Literal["sigmoid", "keras", "relu6"]

# What each form is made of: Model Garden's released configurations, and what is inside the
# official int8 files.
_FORMS: dict[str, dict[str, Any]] = {
    "base": {
        "conv_type": "3d",
        "squeeze_excite": "3d",
        "activation": "swish",
        "gate": "sigmoid",
        "classifier_activation": "swish",
    },
    "stream": {
        "conv_type": "2plus1d",
        "squeeze_excite": "2plus3d",
        "activation": "hard_swish",
        "gate": "keras",
        "classifier_activation": "swish",
    },
    "lite": {
        "conv_type": "2plus1d",
        "squeeze_excite": "none",
        "activation": "relu6",
        "gate": "sigmoid",
        "classifier_activation": "relu6",
    },
}


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Everything that decides the shape and the mathematics of a network.

    `NetworkConfig.of("a0", "stream")` fills in what was published; each field can be named to
    depart from it.

    Attributes:
        variant: "a0" .. "a5" or "t0".
        form: "base" sees a whole clip at once; "stream" and "lite" are causal and carry a state.
        classes: number of classes.
        conv_type: "3d", "2plus1d" (a convolution in the picture, then one in time), or
            "3d_2plus1d": the same function as "2plus1d", as which the official code trains it;
            here it differs in how untrained weights are drawn.
        squeeze_excite: which mean feeds it: "2d" of the frame, "3d" of the frames so far (of the
            whole clip in the base form), "2plus3d" both; "none" leaves it out.
        activation: of the convolutions and of squeeze-excite.
        gate: of squeeze-excite: "sigmoid", or which of the two hard sigmoids: "keras" is
            clip(0.2 x + 0.5, 0, 1), with which the released stream weights were trained; "relu6"
            is relu6(x + 3) * 0.16667, which today's official code computes.
        classifier_activation: of the dense layer before the classifier.
        positional_encoding: adds the frame's number to what squeeze-excite sees.
        dropout: before the classifier, in training.
        drop_path: stochastic depth: the chance to drop the last layer's branch, in training;
            earlier layers have proportionally less.
        fused: batch norm and layer scales are folded into the convolutions.
    """

    variant: str
    form: Form
    classes: int
    conv_type: ConvType
    squeeze_excite: SqueezeExcite
    activation: Activation
    gate: Gate
    classifier_activation: Activation
    positional_encoding: bool
    dropout: float
    drop_path: float = 0.2
    fused: bool = False

    @classmethod
    def of(
        cls,
        variant: str,
        form: str = "stream",
        *,
        classes: int = 600,
        **options: str | bool | float | None,
    ) -> NetworkConfig:
        """The published network of a variant and form, with `options` (fields) in their place.

        Raises:
            UsageError: for a name, word or number that makes no sense.
        """
        variant_named(variant)
        _check_word("form", form, Form)
        unknown = sorted(options.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise UsageError(f"a network has no option {unknown[0]!r}")
        published = {
            **_FORMS[form],
            "form": form,
            "positional_encoding": form == "stream" and variant in {"a3", "a4", "a5"},
            "dropout": 0.2 if _lightly_trained(variant, form) else 0.5,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return cls(variant=variant, classes=classes, **{**published, **given})

    def __post_init__(self) -> None:
        variant_named(self.variant)
        for name, words in (
            ("form", Form),
            ("conv_type", ConvType),
            ("squeeze_excite", SqueezeExcite),
            ("activation", Activation),
            ("gate", Gate),
            ("classifier_activation", Activation),
        ):
            _check_word(name, getattr(self, name), words)
        if type(self.classes) is not int or self.classes < 1:
            raise UsageError(f"a network needs 1 class or more, not {self.classes!r}")
        for name in ("dropout", "drop_path"):
            rate = getattr(self, name)
            if not isinstance(rate, int | float) or not 0 <= rate < 1:
                raise UsageError(f"{name} must be from 0 to below 1, not {rate!r}")
        if self.positional_encoding and self.squeeze_excite == "none":
            raise UsageError("positional encoding goes into squeeze-excite, which is 'none'")

    @property
    def causal(self) -> bool:
        """Whether the network looks only back in time, so that it can be run frame by frame."""
        return self.form != "base"

    @property
    def family(self) -> Variant:
        """The variant's table row."""
        return variant_named(self.variant)


def _lightly_trained(variant: str, form: str) -> bool:
    """Which were trained with a dropout of 0.2 (Model Garden's yaml files)."""
    return variant in {"a0", "t0"} or (variant == "a1" and form != "base")


def _check_word(name: str, word: object, words: object) -> None:
    allowed = get_args(words)
    if word not in allowed:
        raise UsageError(f"{name} cannot be {word!r}: use one of {', '.join(allowed)}")
