"""A temperature that makes scores as sure as they are right, fitted on labelled clips."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from movinet.errors import ModelError, UsageError
from movinet.evaluation import metrics
from movinet.evaluation.evaluating import Evaluation
from movinet.evaluation.metrics import Floats, Integers
from movinet.models import ModelInfo, read_info
from movinet.models.info import kind_of
from movinet.models.onnxfile import AUTHOR, pack_onnx, parse_onnx
from movinet.models.packing import pack_model
from movinet.models.wholefile import check_writable, write_whole

FEWEST = 20
# How many times colder or hotter than the file a fit may get. Clips that are all right ask for
# ever surer scores, and clips that are all wrong for ever less sure ones.
_FARTHEST = 20.0
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 40  # the interval shrinks to 1e-7 of a factor


@dataclass(frozen=True, slots=True)
class TemperatureFit:
    """A fitted temperature, and what it does on the clips that it was fitted on.

    Attributes:
        before, temperature: of the file, and the fitted one.
        ece_before, ece_after: expected calibration error.
        nll_before, nll_after: negative log-likelihood, which was minimised.
        at_limit: the clips asked for more than is sensible; they are too few or too easy.
    """

    before: float
    temperature: float
    ece_before: float
    ece_after: float
    nll_before: float
    nll_after: float
    at_limit: bool


def fit_temperature(evaluation: Evaluation) -> TemperatureFit:
    """The temperature with the smallest negative log-likelihood.

    Args:
        evaluation: made with `logits=True`.

    Raises:
        UsageError: when it has fewer than 20 clips.
    """
    check_enough(len(evaluation.answers))
    logits = [answer.logits for answer in evaluation.answers if answer.logits is not None]
    if len(logits) != len(evaluation.answers):
        raise UsageError("the evaluation kept no logits: evaluate with logits=True")
    rows, counts = np.concatenate(logits), np.array([len(part) for part in logits])
    truth = evaluation.truth

    def loss(log_factor: float) -> float:
        return metrics.negative_log_likelihood(_rescored(rows, counts, math.exp(log_factor)), truth)

    farthest = math.log(_FARTHEST)
    found = _minimum(loss, -farthest, farthest)
    before = evaluation.info.temperature
    # What the file says is what is measured: rounded as it is written.
    temperature = round(before * math.exp(found), 4)
    scores = _rescored(rows, counts, temperature / before)
    return TemperatureFit(
        before=before,
        temperature=temperature,
        ece_before=evaluation.ece,
        ece_after=metrics.calibration_error(metrics.reliability(scores, truth)),
        nll_before=evaluation.nll,
        nll_after=metrics.negative_log_likelihood(scores, truth),
        at_limit=abs(found) > 0.99 * farthest,
    )


def check_enough(clips: int) -> None:
    """Refuse to fit on too few clips.

    Raises:
        UsageError: there are fewer than 20.
    """
    if clips < FEWEST:
        raise UsageError(
            f"a temperature needs {FEWEST} readable clips or more, not {clips}: "
            "give more clips, or leave out --fit-temperature"
        )


def check_target(model: Path, target: Path) -> None:
    """Find out before the work whether the new file can be written after it.

    Raises:
        UsageError: when it has the wrong ending, or is the model itself.
        OutputError: when it cannot be written.
    """
    kind = kind_of(model)
    if target.suffix.lower() != kind:
        raise UsageError(f"cannot write {target}: {model.name} is {kind}, so its name must end so")
    if target.exists() and model.exists() and target.samefile(model):
        raise UsageError(f"cannot write {target}: it is the model itself; name a new file")
    check_writable(target)


def write_with_temperature(
    model: Path, info: ModelInfo, temperature: float, target: Path
) -> ModelInfo:
    """Write a copy of a model file with another temperature in its contract; read it back.

    Args:
        model: the file.
        info: its contract, with the labels that it shall carry.
        temperature: the new one.
        target: the file to write.

    Raises:
        ModelError: when the file cannot be read, or the contract does not come back from it.
        LabelsError: when a label cannot be written.
        OutputError: when `target` cannot be written.
    """
    wanted = replace(info, temperature=temperature)
    if kind_of(model) == ".onnx":
        written = _write_onnx(model, wanted, target)
    else:
        written = pack_model(model, wanted, target)
    if (written.temperature, written.labels) != (temperature, info.labels):
        raise ModelError(f"cannot use {target}: its contract is not what was written")
    return written


def _write_onnx(model: Path, info: ModelInfo, target: Path) -> ModelInfo:
    try:
        data = model.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {model}: {error.strerror}") from error
    author = parse_onnx(data).properties.get(AUTHOR)
    write_whole(target, pack_onnx(data, info, author=author))
    return read_info(target)


def _rescored(rows: Floats, counts: Integers, factor: float) -> Floats:
    """`[clips, classes]`: scores with a temperature `factor` times that of the file.

    `rows` are the logits of all predictions, `counts` how many of them each clip has.
    """
    scaled = rows.astype(np.float64) / factor
    scaled -= scaled.max(axis=1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=1, keepdims=True)
    begins = np.cumsum(counts) - counts
    scores: Floats = np.add.reduceat(scaled, begins, axis=0) / counts[:, None]
    return scores


def _minimum(of: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is smallest, by golden section."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = of(left), of(right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = of(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = of(right)
    return (low + high) / 2
