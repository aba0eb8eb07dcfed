"""From the names, shapes and texts of a model file to its contract, whatever its format."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from movinet.errors import ModelError
from movinet.models.info import ModelInfo, StatePair, TensorInfo
from movinet.models.metadata import Metadata
from movinet.models.variants import variant_of_head

CONTRACT_FILE = "movinet.json"
CLIP = "clip"  # the input of a model that sees a whole clip at once
# How the output of a state is called in formats in which nothing may have two names.
_OUT = "_out"


class Signature(NamedTuple):
    """One signature of a file: name to (tensor index, tensor) on both sides."""

    key: str
    inputs: Mapping[str, tuple[int, TensorInfo]]
    outputs: Mapping[str, tuple[int, TensorInfo]]

    def output_of(self, name: str) -> str | None:
        """The output that is the next value of the input `name`: "X", or "X_out"."""
        return next((n for n in (name, f"{name}{_OUT}") if n in self.outputs), None)

    def is_state(self, name: str) -> bool:
        """Whether the input `name` is carried from step to step."""
        return self.output_of(name) is not None or next_frame(name) in self.inputs


class Beside(NamedTuple):
    """What a file says beside its signatures.

    Attributes:
        precision: what its weights are.
        metadata: what is plainly said of it.
        labels: one a class.
        contract: the bytes of its `movinet.json`.
    """

    precision: str
    metadata: Metadata | None = None
    labels: tuple[str, ...] | None = None
    contract: bytes | None = None


def contract_of(signature: Signature, beside: Beside, stem: str) -> ModelInfo:
    """The contract of a file whose name without its ending is `stem`.

    Raises:
        ModelError: when it is no streaming classifier, or its contract is damaged.
    """
    shown = _from_signature(signature, beside, stem)
    if beside.contract is None:
        return shown
    import json

    try:
        return _from_contract(json.loads(beside.contract), signature, shown)
    except ModelError:
        raise
    except KeyError as error:
        raise ModelError(f"its {CONTRACT_FILE} is damaged ({error} is missing)") from error
    # A UsageError is a ValueError: what makes no sense here is the file's fault.
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(f"its {CONTRACT_FILE} is damaged ({error})") from error


def streaming_signature(signatures: Sequence[Signature]) -> Signature:
    """The first signature that carries states, or an error that says what is missing."""
    for signature in signatures:
        if len(signature.inputs) > 1 and any(map(signature.output_of, signature.inputs)):
            return signature
    if not signatures:
        raise ModelError(
            "it has no signature, so which output feeds which input is unknown; "
            "a MoViNet stream model has a signature with an image and named states"
        )
    if is_clip_model(signatures[0]):
        return signatures[0]
    inputs = [info for _, info in signatures[0].inputs.values()]
    if any(_is_clip(info.shape) for info in inputs):
        raise ModelError(
            "it takes a whole clip at a time (base form); watching needs a stream model"
        )
    raise ModelError(
        "it has no states, only "
        + ", ".join(f"{info.name} {list(info.shape)}" for info in inputs)
        + ": an image classifier, not a streaming video classifier "
        "(missing: inputs and outputs such as state_block0_layer0_pool_buffer)"
    )


def is_clip_model(signature: Signature) -> bool:
    """Whether it is a clip model of ours: `clip` `[T, H, W, 3]` in, nothing carried."""
    return list(signature.inputs) == [CLIP] and len(signature.inputs[CLIP][1].shape) == 4


def _from_signature(signature: Signature, beside: Beside, stem: str) -> ModelInfo:
    """The contract as far as names, shapes and the official metadata show it."""
    pairs = tuple(
        _pair(name, index, info, signature)
        for name, (index, info) in sorted(signature.inputs.items())
        if signature.is_state(name)
    )
    _check_pairs(pairs, signature)
    image = _image(signature)
    logits, embedding = _answers(signature)
    head = [pair for pair in pairs if pair.kind == "pool_buffer" and pair.layer == "state_head"]
    facts = variant_of_head(math.prod(head[0].shape)) if head else None
    metadata = beside.metadata or Metadata()
    return ModelInfo(
        name=metadata.name or stem,
        variant=facts.name if facts else None,
        form=_form(pairs),
        precision=beside.precision,
        signature=signature.key,
        image=image,
        logits=logits,
        embedding=embedding,
        states=pairs,
        labels=beside.labels,
        fps=facts.fps if facts else Fraction(5),
        clip_frames=facts.clip_frames if facts else 50,
        horizon=facts.clip_frames if facts else 50,
        value_range=metadata.value_range or (0.0, 1.0),
        licence=metadata.licence or None,
        contract="signature" if beside.metadata is None else beside.metadata.kind,
    )


def _pair(name: str, index: int, info: TensorInfo, signature: Signature) -> StatePair:
    output = signature.output_of(name)
    return StatePair(
        name=name,
        shape=info.shape,
        dtype=info.dtype,
        input=name,
        output=output,
        zero=info.zero,
        scale=info.scale,
        passed_through=output is not None and index == signature.outputs[output][0],
        moves_from=next_frame(name) if output is None else None,
    )


def _is_clip(shape: tuple[int, ...]) -> bool:
    """Several pictures: `[1, T, H, W, 3]`, or `[T, H, W, 3]`."""
    return shape[-1:] == (3,) and (
        (len(shape) == 5 and shape[1] > 1) or (len(shape) == 4 and shape[0] > 1)
    )


def next_frame(name: str) -> str | None:
    """The next newer frame of a delay line: "X_1" for "X_0"."""
    stem, _, number = name.rpartition("_")
    return f"{stem}_{int(number) + 1}" if number.isdecimal() and number.isascii() else None


def _check_pairs(pairs: tuple[StatePair, ...], signature: Signature) -> None:
    known = {pair.name: pair for pair in pairs}
    for pair in pairs:
        if min(pair.shape, default=1) < 1:
            raise ModelError(f"its state {pair.name} has no fixed shape: {list(pair.shape)}")
        if pair.output is None:
            source = known.get(pair.moves_from or "")
            if source is None or (source.shape, source.dtype) != (pair.shape, pair.dtype):
                raise ModelError(f"nothing that fits its state {pair.name} comes out of a step")
            continue
        out = signature.outputs[pair.output][1]
        if (out.shape, out.dtype) != (pair.shape, pair.dtype):
            raise ModelError(
                f"its state {pair.name} goes in as {pair.dtype} {list(pair.shape)} "
                f"but comes out as {out.dtype} {list(out.shape)}"
            )
        if pair.dtype not in ("float32", "int32", "int8", "uint8"):
            raise ModelError(f"its state {pair.name} is of type {pair.dtype}, which is not known")


def _image(signature: Signature) -> TensorInfo:
    rest = [info for name, (_, info) in signature.inputs.items() if not signature.is_state(name)]
    if is_clip_model(signature):
        return rest[0]
    named = [info for info in rest if info.name == "image"] or rest
    if len(named) != 1:
        raise ModelError(
            "it should have one input beside the states, the image, but has "
            + (", ".join(info.name for info in rest) or "none")
        )
    image = named[0]
    single = len(image.shape) == 4 or (len(image.shape) == 5 and image.shape[1] == 1)
    fixed = single and image.shape[0] == 1 and image.shape[-1] == 3 and min(image.shape) > 0
    if not fixed or image.dtype != "float32":
        raise ModelError(
            f"its image input is {image.dtype} {list(image.shape)}; "
            "expected float32 [1, H, W, 3] or [1, 1, H, W, 3]"
        )
    return image


def _answers(signature: Signature) -> tuple[TensorInfo, TensorInfo | None]:
    fed = {signature.output_of(name) for name in signature.inputs}
    rest = {n: info for n, (_, info) in signature.outputs.items() if n not in fed}
    embedding = rest.pop("embedding", None)
    logits = rest.get("logits") or (next(iter(rest.values())) if len(rest) == 1 else None)
    if logits is None or logits.dtype != "float32" or min(logits.shape, default=0) < 1:
        raise ModelError(
            "it should have one float32 output beside the states, the logits, but has "
            + (", ".join(f"{i.name} {i.dtype} {list(i.shape)}" for i in rest.values()) or "none")
        )
    return logits, embedding


def _form(pairs: tuple[StatePair, ...]) -> str:
    """Without squeeze-excite the pools of the layers are dead or not there at all."""
    if not pairs:
        return "base"
    pools = [pair for pair in pairs if pair.kind == "pool_buffer" and pair.layer != "state_head"]
    return "stream" if any(not pair.passed_through for pair in pools) else "lite"


def _from_contract(said: Mapping[str, Any], signature: Signature, shown: ModelInfo) -> ModelInfo:
    """`movinet.json` over what the signature shows; tensors always come from the signature."""
    states = []
    for entry in said["states"]:
        name_in, name_out = entry["input"], entry["output"]
        if name_in not in signature.inputs or (
            name_out is not None and name_out not in signature.outputs
        ):
            raise ModelError(f"its {CONTRACT_FILE} names a state {name_in} that it does not have")
        index, info = signature.inputs[name_in]
        states.append(
            StatePair(
                name=entry["name"],
                shape=info.shape,
                dtype=info.dtype,
                input=name_in,
                output=name_out,
                zero=float(entry.get("zero", 0)),
                scale=float(entry.get("scale", 1)),
                passed_through=name_out is not None and index == signature.outputs[name_out][0],
                moves_from=entry.get("moves_from"),
            )
        )
    _check_pairs(tuple(states), signature)
    fed = sorted(state.input for state in states)
    if fed != sorted(signature.inputs.keys() - {shown.image.name}):
        raise ModelError(f"its {CONTRACT_FILE} does not name each state of its network once")
    labels = said.get("labels")
    low, high = said.get("value_range", shown.value_range)
    return ModelInfo(
        name=said.get("name") or shown.name,
        variant=said.get("variant"),
        form=said["form"],
        precision=said.get("precision") or shown.precision,
        signature=signature.key,
        image=shown.image,
        logits=shown.logits,
        embedding=shown.embedding,
        states=tuple(states),
        labels=tuple(map(str, labels)) if labels is not None else shown.labels,
        background=said.get("background"),
        temperature=float(said.get("temperature", 1)),
        # 8.333333 in the file means 25/3.
        fps=Fraction(said["fps"]).limit_denominator(1001),
        clip_frames=int(said["clip_frames"]),
        horizon=int(said["horizon"]),
        resize=said.get("resize", shown.resize),
        value_range=(float(low), float(high)),
        licence=said.get("licence"),
        source=said.get("source"),
        accuracy={str(key): float(value) for key, value in said.get("accuracy", {}).items()},
        contract=CONTRACT_FILE,
    )
