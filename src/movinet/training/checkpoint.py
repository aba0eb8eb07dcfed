"""All that a run needs to go on after it was killed, in one file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from movinet.errors import ModelError
from movinet.models.wholefile import write_whole


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write it beside and rename it: there is always a whole one.

    Raises:
        OutputError: when it cannot be written.
    """
    stream = io.BytesIO()
    torch.save(content, stream)
    write_whole(path, stream.getvalue())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote.

    Raises:
        ModelError: when it cannot be read.
    """
    try:
        content = torch.load(path, weights_only=True)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    # torch.load names no exceptions of its own; damaged files gave these.
    except (RuntimeError, ValueError, EOFError, KeyError, ArithmeticError) as error:
        raise ModelError(f"cannot read {path}: not a whole checkpoint") from error
    if not isinstance(content, dict) or "epoch" not in content:
        raise ModelError(f"cannot read {path}: not a checkpoint of a training run")
    return content
