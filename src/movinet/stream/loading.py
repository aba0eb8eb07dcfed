"""`load`: from the name of a model to a `Classifier`."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from movinet.errors import UsageError
from movinet.frames import Time, exact_seconds
from movinet.models import read_info, read_labels
from movinet.models.starter import NAME, NOTICE, starter_path
from movinet.runtime import check_model
from movinet.stream.classifier import Classifier, ModelFile
from movinet.stream.events import EventOptions
from movinet.stream.stream import StreamOptions

if TYPE_CHECKING:
    from movinet.models.catalogue import CatalogueEntry
    from movinet.models.transfer import Progress


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    labels: str | os.PathLike[str] | None = None,
    fps: Time | None = None,
    horizon: int | Literal["model"] | None = "model",
    resize: str | None = None,
    predict_every: int = 1,
    embeddings: bool = False,
    events: EventOptions | None = None,
    backend: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Classifier:
    """Load a model.

    Args:
        model: a file, or a name of the catalogue (downloaded once, checked and cached); None: the
            starter model, which comes with the package and knows only drawn figures (the logger
            "movinet" says so).
        labels: a label file, one label a line, for a model that carries none.
        fps: frames per second that the model is given; default: what it was trained on.
        horizon: frames that the model averages over; None: all since the stream began (the
            official behaviour, which fades on long streams); "model": as the model file says.
        resize: "stretch" or "center"; default: as the model file says.
        predict_every: answer only every so many model frames.
        embeddings: put the pooled feature into each prediction.
        events: find events by these rules; scores speak of their memory then, and not of the
            longer horizon.
        backend: the engine, a name of `movinet.runtime.BACKENDS`; default: by the kind of file.
        threads: threads for one step.
        progress: called with the bytes that are here and the bytes in all (None while unknown)
            while a catalogue model is downloaded.

    Raises:
        ModelError: when the file cannot be used, or is no streaming video classifier.
        LabelsError: when the labels cannot be read or do not fit.
        DownloadError: when a catalogue model cannot be fetched.
        UsageError: for an unknown name, a backend that does not run the file, or an option that
            makes no sense.
        MissingExtraError: when the backend is not installed.
    """
    file, options = find(
        model,
        labels=labels,
        fps=fps,
        horizon=horizon,
        resize=resize,
        predict_every=predict_every,
        embeddings=embeddings,
        events=events,
        backend=backend,
        threads=threads,
        progress=progress,
    )
    return Classifier(file.open(), options, file=file)


def find(
    model: str | os.PathLike[str] | None,
    *,
    labels: str | os.PathLike[str] | None = None,
    fps: Time | None = None,
    horizon: int | Literal["model"] | None = "model",
    resize: str | None = None,
    predict_every: int = 1,
    embeddings: bool = False,
    events: EventOptions | None = None,
    backend: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[ModelFile, StreamOptions]:
    """What `load` loads, and how streams on it treat their frames; for who loads it elsewhere.

    Args and errors are those of `load`, but for what only shows as the engine loads the file.
    """
    path, published = find_model(model, progress)
    info = read_info(path)
    if labels is None and published is not None and info.labels is None:
        from movinet.models.download import fetch

        labels = fetch(published)
    if labels is not None:
        info = info.with_labels(read_labels(labels), str(labels))
    rate = info.fps if fps is None else _positive(fps)
    frames = info.horizon if horizon == "model" else horizon
    options = StreamOptions(
        fps=rate,
        horizon=frames if events is None else events.frames(rate, frames),
        resize=resize or info.resize,
        predict_every=predict_every,
        embeddings=embeddings,
        events=events,
    )
    check_model(path, info, backend, threads)
    return ModelFile(path, info, backend, threads), options


def find_model(
    model: str | os.PathLike[str] | None, progress: Progress | None = None
) -> tuple[Path, CatalogueEntry | None]:
    """The file of a model named by its path or its name, and its published labels.

    The labels are None where the catalogue knows of none, as for any file given by its path.

    Raises:
        DownloadError: when a catalogue model cannot be fetched.
        UsageError: for an unknown name, or one of the catalogue that is no model file.
    """
    if model is None:
        import logging

        logging.getLogger("movinet").warning(NOTICE)
        return starter_path(), None
    if model == NAME:
        return starter_path(), None
    path = Path(model)
    # A name with a folder or an ending can only be a file; anything else may be in the catalogue.
    # Not pathlib's `exists`: that raises where a folder may not be searched.
    if os.path.exists(path) or path.suffix or len(path.parts) > 1:  # noqa: PTH110
        return path, None
    from movinet.models.catalogue import entries, find
    from movinet.models.download import fetch

    entry = find(str(model))
    if entry.kind != "tflite":
        runs = ", ".join(known.name for known in entries() if known.kind == "tflite")
        raise UsageError(f"{entry.name} is a {entry.kind} and cannot be run; these can: {runs}")
    labels = next((known for known in entries() if known.name == entry.labels), None)
    return fetch(entry, progress=progress), labels


def _positive(fps: Time) -> Fraction:
    rate = exact_seconds(fps)
    if not 0 < rate <= 1000:
        raise UsageError(f"fps must be above 0 and at most 1000, not {float(fps):g}")
    return rate
