"""Named tensors in a `.safetensors` file, written so that nobody ever sees half of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from movinet.errors import MissingExtraError, ModelError
from movinet.models.wholefile import write_whole

if TYPE_CHECKING:
    from torch import Tensor


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write `tensors`, with `metadata` in the header.

    Raises:
        OutputError: when `path` cannot be written; what was there before stays.
    """
    try:
        from safetensors.torch import save
    except ImportError as error:
        raise MissingExtraError("writing weights", "train") from error
    # The format has no memory layouts: contiguous in the order of the axes.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, save(plain, dict(metadata)))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file, and the metadata in its header.

    Raises:
        ModelError: when it cannot be read.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError("reading weights", "train") from error
    try:
        with path.open("rb"):  # says why not in words of the system
            pass
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise ModelError(f"cannot read {path}: not a whole .safetensors file ({error})") from error
