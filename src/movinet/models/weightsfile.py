"""`WeightsInfo`: what a `.safetensors` file of ours says beside its numbers; read without PyTorch.

The file begins with the length of a JSON object and then the object (the safetensors format); what
we say is under its `__metadata__`, whose values are strings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from movinet.errors import LabelsError, ModelError
from movinet.models.variants import VariantFacts

KIND = "weights"  # under "movinet" in the metadata of such a file
_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True)
class WeightsInfo:
    """What goes with the weights of a network.

    Attributes:
        size: height and width of the input, in pixels.
        fps: frames per second that the network was trained on.
        clip_frames: how many frames its training clips had.
        labels: one a class, or None when nobody said.
        background: the label that means "none of them", or None.
        recipe: how it was trained, as the training wrote it down.
        origin, licence: free text, None when unknown.
    """

    size: tuple[int, int]
    fps: Fraction
    clip_frames: int
    labels: tuple[str, ...] | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    origin: str | None = None
    licence: str | None = None
    background: str | None = None

    @classmethod
    def of_variant(cls, facts: VariantFacts, resolution: int) -> WeightsInfo:
        """What is published of a variant, with nothing said of its weights."""
        return cls((resolution, resolution), facts.fps, facts.clip_frames)

    def check_labels(self, classes: int) -> None:
        """Make sure that there are as many labels as classes, or none.

        Raises:
            LabelsError: there are not.
        """
        if self.labels is not None and len(self.labels) != classes:
            raise LabelsError(
                f"{len(self.labels)} labels for a network of {classes} classes; there must be one "
                "a class"
            )
        if self.background is not None and self.background not in (self.labels or ()):
            raise LabelsError(f"the background label {self.background!r} is not among the labels")

    def to_metadata(self) -> dict[str, str]:
        """The fields as strings for a file's header."""
        return {
            "size": json.dumps(list(self.size)),
            "fps": str(self.fps),
            "clip_frames": str(self.clip_frames),
            "labels": json.dumps(self.labels, ensure_ascii=False),
            "recipe": json.dumps(dict(self.recipe), ensure_ascii=False),
            "origin": self.origin or "",
            "licence": self.licence or "",
            "background": self.background or "",
        }

    @classmethod
    def from_metadata(cls, header: Mapping[str, str]) -> WeightsInfo:
        """The reverse of `to_metadata`.

        Raises:
            ValueError, KeyError, TypeError, ZeroDivisionError: when `header` was not written by it.
        """
        height, width = json.loads(header["size"])
        labels = json.loads(header["labels"])
        return cls(
            size=(int(height), int(width)),
            fps=Fraction(header["fps"]),
            clip_frames=int(header["clip_frames"]),
            labels=None if labels is None else tuple(str(label) for label in labels),
            recipe=dict(json.loads(header["recipe"])),
            origin=header["origin"] or None,
            licence=header["licence"] or None,
            background=header.get("background") or None,
        )


@dataclass(frozen=True)
class WeightsFile:
    """A weights file without its numbers.

    Attributes:
        network: the fields of the network's configuration, such as `variant` and `form`.
        info: what goes with the weights.
        tensors: how many there are.
        parameters: numbers in them, batch norm's statistics included.
    """

    network: Mapping[str, Any]
    info: WeightsInfo
    tensors: int
    parameters: int

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        info = self.info
        return {
            **self.network,
            "size": list(info.size),
            "fps": float(info.fps),
            "clip_frames": info.clip_frames,
            "labels": info.labels and list(info.labels),
            "background": info.background,
            "recipe": dict(info.recipe),
            "origin": info.origin,
            "licence": info.licence,
            "tensors": self.tensors,
            "parameters": self.parameters,
        }


def is_safetensors(path: Path) -> bool:
    """Whether a file begins like a `.safetensors` file."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError:
        return False
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") < 1 << 27


def read_weights_file(path: Path) -> WeightsFile:
    """What `path`, a `.safetensors` file written by this package, says of itself.

    Raises:
        ModelError: when it cannot be read or is none.
    """
    header = _header(path)
    said = header.pop("__metadata__", None)
    if not isinstance(said, dict) or said.get("movinet") != KIND:
        raise ModelError(
            f"cannot use {path}: its header does not say which network it is; "
            "'movinet models import' reads files by others"
        )
    try:
        shapes = [entry["shape"] for entry in header.values()]
        return WeightsFile(
            network=dict(json.loads(said["network"])),
            info=WeightsInfo.from_metadata(said),
            tensors=len(shapes),
            parameters=sum(math.prod(shape) for shape in shapes),
        )
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise ModelError(f"cannot use {path}: its header is damaged ({error!r})") from error


def _header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            text = file.read(length) if length < _LONGEST_HEADER else b""
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        header = json.loads(text)
    except ValueError:
        header = None
    if len(text) != length or not isinstance(header, dict):
        raise ModelError(f"cannot read {path}: not a whole .safetensors file")
    return header
