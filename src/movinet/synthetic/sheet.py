"""Many clips at a glance: a row of frames for each action, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from movinet.errors import OutputError, UsageError
from movinet.synthetic.actions import LABELS
from movinet.synthetic.clip import render_clip
from movinet.synthetic.vectors import Array

_FRAMES, _TILE, _BETWEEN, _GAP = 8, 80, 3, 16
_KINDS = {".png": ("png", "rgb24", {}), ".jpg": ("mjpeg", "yuvj420p", {"qmin": "5", "qmax": "5"})}


def contact_sheet(labels: Sequence[str] = LABELS, seed: int = 0) -> Array:
    """Two columns of rows, one for each label, of eight frames: `[H, W, 3]` uint8 RGB.

    The labels go down the first column, then down the second.
    """
    rows = []
    for label in labels:
        clip = render_clip(label, seed, size=2 * _TILE)[::_BETWEEN][:_FRAMES].astype(np.uint16)
        small = clip[:, ::2, ::2] + clip[:, 1::2, ::2] + clip[:, ::2, 1::2] + clip[:, 1::2, 1::2]
        rows.append(np.concatenate(list((small // 4).astype(np.uint8)), 1))
    half = -(-len(rows) // 2)
    rows += [np.full_like(rows[0], 255)] * (2 * half - len(rows))
    gap = np.full((half * _TILE, _GAP, 3), 255, np.uint8)
    return np.concatenate((np.concatenate(rows[:half]), gap, np.concatenate(rows[half:])), 1)


def check_picture(path: str | Path) -> None:
    """Refuse a name that says of no kind of picture.

    Raises:
        UsageError: it ends neither in .png nor in .jpg.
    """
    if Path(path).suffix.lower() not in _KINDS:
        raise UsageError(f"cannot write {path}: a sheet is a .png or a .jpg")


def write_picture(path: str | Path, picture: Array) -> None:
    """Write a picture `[H, W, 3]` as PNG or JPEG, as the name says.

    Raises:
        UsageError: the name ends otherwise.
        OutputError: it cannot be written.
    """
    check_picture(path)
    codec, pixels, options = _KINDS[Path(path).suffix.lower()]
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt = pixels
    encoder.time_base = Fraction(1, 1)
    encoder.options = options
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24").reformat(
        format=pixels, dst_color_range="JPEG" if codec == "mjpeg" else None
    )
    frame.pts = 0
    data = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    try:
        target = Path(path).resolve()  # a link stays one
        beside = target.with_name(f".{target.name}.part")
        if target.exists() and not target.is_file():  # a device
            beside = target
        beside.write_bytes(data)
        beside.replace(target)
    # Links in a circle are a RuntimeError before Python 3.13.
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write {path}: {reason}") from error
