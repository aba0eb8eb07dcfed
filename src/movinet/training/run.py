"""`train`: from labelled clips to a model file."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import torch

from movinet.datasets import (
    CachedClips,
    Dataset,
    Findings,
    cache_clips,
    check,
    read_dataset,
    split,
    stored_size,
    typical_seconds,
    view,
)
from movinet.errors import ModelError, OutputError, UsageError
from movinet.evaluation.labelledvideo import TRAIN, VALIDATION, LabelledVideo
from movinet.export import Exported, export
from movinet.models.wholefile import write_whole
from movinet.network import MoViNet, NetworkConfig, save
from movinet.training.checkpoint import read_checkpoint, write_checkpoint
from movinet.training.linear import features, fit
from movinet.training.memory import kept_memory
from movinet.training.recipes import Recipe
from movinet.training.trainer import Epoch, NotANumber, Trainer

CHECKPOINT, SETTINGS, METRICS = "checkpoint.pt", "settings.json", "metrics.jsonl"
WEIGHTS, MODEL = "weights.safetensors", "model.tflite"
_LEAST_FRAMES = 4
_CALIBRATION = 50
# How much work a run that is killed may lose; writing a checkpoint takes 0.1 seconds.
_CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True)
class Settings:
    """What a run was asked for; a run goes on only with the same.

    Attributes:
        data: the folder or list of clips.
        start: what the network began as, in words.
        recipe: how it is trained.
        frames: frames of a training clip; None: the middle length of the clips, at most what the
            network was trained on before.
        validation: the part of the clips to judge by, where the data does not say.
        seed: of all chance.
        precision: of the model file.
        size: height and width of the pictures, in pixels; None: as the network was trained.
        fps: frames per second; None: as the network was trained, or more where the recipe says so.
        background: the label that means "none of them"; None: the one that the network knew, if
            it is one of the labels.
    """

    data: str
    start: str
    recipe: Recipe
    frames: int | None = None
    validation: float = 0.15
    seed: int = 0
    precision: str = "int8"
    size: int | None = None
    fps: float | None = None
    background: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {**asdict(self), "recipe": self.recipe.to_dict()}


@dataclass(frozen=True)
class Trained:
    """What a run brought.

    Attributes:
        folder: where everything lies.
        labels: the classes.
        clips: how many were trained on.
        frames: frames of a training clip; the model's horizon.
        fps: frames per second.
        epochs: what each epoch brought.
        accuracy: of what is kept, on the validation clips, as streams; None without any.
        exported: the model file.
        validation: the clips that judged it, those that could be read.
        findings: what is worth a look: unreadable clips, short ones, small classes.
    """

    folder: Path
    labels: tuple[str, ...]
    clips: int
    frames: int
    fps: Fraction
    epochs: tuple[Epoch, ...]
    accuracy: float | None
    exported: Exported
    validation: tuple[LabelledVideo, ...]
    findings: Findings


def fresh(variant: str, form: str, seed: int) -> MoViNet:
    """An untrained network, the same for the same seed."""
    torch.manual_seed(seed)
    return MoViNet(NetworkConfig.of(variant, form))


class Watcher(Protocol):
    """Told how a run goes on."""

    def stage(self, text: str) -> None:
        """Something else is being done now."""

    def at(self, done: int, total: int) -> None:
        """So much of it is done."""

    def epoch(self, epoch: Epoch, of: int) -> None:
        """An epoch is done."""


class _Nobody:
    """Does nothing when told."""

    def stage(self, text: str) -> None:
        """Nothing."""

    def at(self, done: int, total: int) -> None:
        """Nothing."""

    def epoch(self, epoch: Epoch, of: int) -> None:
        """Nothing."""


@kept_memory()
def train(
    net: MoViNet,
    settings: Settings,
    out: str | Path,
    *,
    cache: str | Path | None = None,
    workers: int | None = None,
    device: str | None = None,
    watcher: Watcher | None = None,
) -> Trained:
    """Teach a network the actions in labelled clips, and write it as a model file.

    Into the folder `out` go the model file, the weights, the settings, a line of JSON an epoch, and
    while it lasts a checkpoint, from which a run that was killed goes on when it is called again.

    Args:
        net: what to begin with; its classifier is replaced.
        settings: what to do.
        out: a folder, made if need be.
        cache: where decoded clips are kept; None: in the cache folder of this machine.
        workers: threads that prepare batches ahead; None: one, for a GPU one a core, up to 8.
        device: "cpu" or "cuda"; None: the GPU where there is one.
        watcher: told how it goes on.

    Raises:
        SourceError: when the clips cannot be read or are too few.
        UsageError: when `out` holds another run, or a finished one, or the background is no label.
        ModelError: when the loss is no number any more, or the network is not causal.
        OutputError: when something cannot be written.
    """
    folder, watcher = Path(out), watcher or _Nobody()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if workers is None:
        # One thread prepares far less than a GPU can take.
        workers = 1 if device == "cpu" else min(8, torch.get_num_threads())
    if not net.config.causal:
        raise UsageError("a network of the base form cannot watch: train a stream or lite one")
    watcher.stage("looking at the clips")
    dataset = read_dataset(settings.data)
    if settings.background is not None and settings.background not in dataset.labels:
        raise UsageError(
            f"the background {settings.background!r} is no label of {settings.data}, which has "
            f"{', '.join(dataset.labels)}"
        )
    parts = split(dataset, validation=settings.validation, seed=settings.seed)
    check(parts).raise_first()
    # Not before: a slip in what to learn from leaves no run behind that is in the way.
    _claim(folder, settings)
    phases = _adjust(net, settings, parts[TRAIN])
    watcher.stage("decoding the clips")
    side = net.info.size[0]
    cached = {
        name: cache_clips(
            part,
            fps=net.info.fps * (phases if name == TRAIN else 1),
            # Cuts are taken out of larger pictures; what is only looked at is as a stream sees it.
            size=stored_size(side) if name == TRAIN and settings.recipe.epochs else side,
            folder=cache,
            progress=watcher.at,
        )
        for name, part in parts.items()
    }
    pictures = cached[TRAIN]
    clips = cached[TRAIN] = pictures.thinned(phases)
    # Of the middle length that is taken by itself half of the clips are short, which is no finding.
    found = check(parts, cached, window=settings.frames or 1)
    found.raise_first()
    frames = settings.frames or _middle(clips, net.info.clip_frames)
    if net.info.labels != dataset.labels:  # else it goes on with what it knows of them
        torch.manual_seed(settings.seed)  # the new classifier is drawn
        net.replace_classifier(len(dataset.labels), dataset.labels)
    net.info = replace(
        net.info,
        clip_frames=frames,
        recipe=settings.to_dict(),
        origin=settings.start,
        background=settings.background or net.info.background,
    )
    validation = cached.get(VALIDATION)
    trainer = Trainer(
        net,
        settings.recipe,
        pictures,
        validation,
        frames=frames,
        step=phases,
        seed=settings.seed,
        device=device,
        workers=workers,
    )
    epochs = _resume(trainer, folder)
    if not (folder / CHECKPOINT).exists() and settings.recipe.start_linear:
        watcher.stage("fitting a classifier to what the network sees already")
        trainer.begin_with(
            *fit(features(trainer.net, clips, frames, watcher.at), len(dataset.labels))
        )
    keeper = _Keeper(folder / CHECKPOINT, trainer, epochs, watcher)
    while not trainer.finished:
        watcher.stage(f"epoch {trainer.done + 1} of {settings.recipe.passes}")
        try:
            epochs.append(epoch := trainer.epoch(keeper.at))
        except NotANumber as error:
            kept = ""
            if trainer.kept is not None:
                save(trainer.result(), folder / WEIGHTS)
                kept = f"; the weights of before are in {folder / WEIGHTS}"
            raise ModelError(f"{error}{kept}: begin again with a lower --rate") from error
        keeper.save()
        lines = "".join(json.dumps(asdict(e)) + "\n" for e in epochs)
        write_whole(folder / METRICS, lines.encode())
        watcher.epoch(epoch, settings.recipe.passes)
    watcher.stage("writing the model")
    result = trainer.result()
    save(result, folder / WEIGHTS)
    exported = _export(result, folder / MODEL, settings.precision, clips)
    accuracy = trainer.accuracy(result)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return Trained(
        folder,
        dataset.labels,
        len(clips),
        frames,
        result.info.fps,
        tuple(epochs),
        None if validation is None else accuracy,
        exported,
        () if validation is None else validation.dataset.clips,
        found,
    )


def _claim(folder: Path, settings: Settings) -> None:
    """Make sure that the folder is free, or holds an unfinished run with the same settings."""
    wanted = json.loads(json.dumps(settings.to_dict()))
    said = folder / SETTINGS
    if (folder / MODEL).exists():
        raise UsageError(f"{folder} holds a finished run: choose another folder, or remove it")
    try:
        if said.exists():
            old, new = _flat(json.loads(said.read_text("utf-8"))), _flat(wanted)
            changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
            if changed:
                raise UsageError(
                    f"{folder} holds an unfinished run with another {changed[0]}: "
                    f"{_word(old.get(changed[0]))}, now {_word(new.get(changed[0]))}; "
                    "choose another folder, or remove it"
                )
            return
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, json.JSONDecodeError) as error:
        raise OutputError(f"cannot use {folder}: {error}") from error
    write_whole(said, json.dumps(wanted, indent=1).encode())


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    """Settings with the recipe's name in its place, and its fields beside the others."""
    recipe = dict(said.get("recipe", {}))
    return {**said, "recipe": recipe.pop("name", None), **recipe}


def _word(value: object) -> str:
    return "other numbers" if isinstance(value, dict | list) else str(value)


def _adjust(net: MoViNet, settings: Settings, clips: Dataset) -> int:
    """Give the network its size and frame rate; gives the pictures to keep for each of its frames.

    Where clips are short and the recipe says so, there are more of both.
    """
    info, recipe = net.info, settings.recipe
    fps, phases = info.fps if settings.fps is None else Fraction(str(settings.fps)), 1
    if max(recipe.faster, recipe.phases) > 1:
        seconds = typical_seconds(clips)
        if seconds is not None and seconds < info.clip_frames / info.fps / 2:
            phases = recipe.phases
            fps = info.fps * recipe.faster if settings.fps is None else fps
    size = info.size if settings.size is None else (settings.size, settings.size)
    net.info = replace(info, size=size, fps=fps)
    return phases


def _middle(clips: CachedClips, most: int) -> int:
    """The middle length of the clips, in frames."""
    lengths = [clips.frames(place) for place in range(len(clips))]
    return max(_LEAST_FRAMES, min(most, int(statistics.median(lengths))))


def _resume(trainer: Trainer, folder: Path) -> list[Epoch]:
    """Take up a run that was killed; gives the epochs that are done."""
    if not (folder / CHECKPOINT).exists():
        return []
    state = read_checkpoint(folder / CHECKPOINT)
    trainer.load(state)
    return [Epoch(**said) for said in state["epochs"]]


class _Keeper:
    """Writes a checkpoint now and then."""

    def __init__(self, path: Path, trainer: Trainer, epochs: list[Epoch], watcher: Watcher) -> None:
        self._path, self._trainer = path, trainer
        self._epochs, self._watcher = epochs, watcher
        self._saved = time.monotonic()

    def at(self, done: int, total: int) -> None:
        """A batch is done."""
        self._watcher.at(done, total)
        if time.monotonic() - self._saved >= _CHECKPOINT_SECONDS and done < total:
            self.save()

    def save(self) -> None:
        """Write all that the run needs to go on."""
        epochs = [asdict(epoch) for epoch in self._epochs]
        write_checkpoint(self._path, {**self._trainer.state(), "epochs": epochs})
        self._saved = time.monotonic()


def _export(net: MoViNet, path: Path, precision: str, clips: CachedClips) -> Exported:
    step = max(1, len(clips) // _CALIBRATION)
    size, frames = net.info.size[0], net.info.clip_frames
    seen = [
        (view(clips.clip(index), size, min(frames, clips.frames(index))) * 255)
        .round()
        .to(torch.uint8)
        .permute(1, 2, 3, 0)
        .contiguous()
        .numpy()
        for index in range(0, len(clips), step)
    ]
    return export(net, path, precision=precision, clips=seen)
