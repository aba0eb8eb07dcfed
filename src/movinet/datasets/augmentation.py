"""Clips as training sees them: another cut, another tempo, other colours each time.

Whatever is drawn is drawn once a clip, and is the same for all its frames: a network that looks at
what changes from frame to frame must not learn it from the augmentation.
"""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from movinet.errors import UsageError

Pictures = np.ndarray[Any, np.dtype[np.uint8]]
_Indices = np.ndarray[Any, np.dtype[np.intp]]

_LUMA = (0.299, 0.587, 0.114)
# Numbers that are drawn for a clip; always all of them, so that one setting does not move another.
_DRAWS = 11


@dataclass(frozen=True)
class Cut:
    """What is taken of a clip, and how it is changed.

    Attributes:
        indices: the pictures, `[frames]`.
        box: top, left, height and width of the part, in pixels of the clip.
        flip: whether left and right are exchanged.
        matrix: `[3, 3]`, the new colours from the old, in 0..1; None: as they are.
        pull: how far colours are pulled to the clip's mean grey, 0: not at all; below 0: away.
        gain: factor on everything, after that.
    """

    indices: _Indices
    box: tuple[int, int, int, int]
    flip: bool = False
    matrix: Tensor | None = None
    pull: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Augmentation:
    """How much clips are changed; every number is a range to draw from.

    Attributes:
        area: share of the picture that is cut out.
        ratio: width over height of what is cut out, of the square picture.
        flip: how often left and right are exchanged, 0 to 1.
        never_flipped: labels of clips that are never, such as "turning left".
        speed: how many times as fast.
        brightness, contrast, saturation: factors from 1 - x to 1 + x.
        hue: turn of the colours, from -x to x of the circle.
    """

    area: tuple[float, float] = (0.5, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5
    never_flipped: frozenset[str] = frozenset()
    speed: tuple[float, float] = (0.8, 1.25)
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    hue: float = 0.03

    def __post_init__(self) -> None:
        """Make sure that the ranges make sense.

        Raises:
            UsageError: one does not; says which.
        """
        for name in ("area", "ratio", "speed"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf or (name == "area" and high > 1):
                raise UsageError(f"{name} cannot be from {low:g} to {high:g}")
        for name in ("flip", "brightness", "contrast", "saturation", "hue"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must be 0 to 1, not {getattr(self, name):g}")

    def draw(
        self,
        shape: tuple[int, int, int],
        frames: int,
        generator: torch.Generator,
        *,
        label: str = "",
        step: float = 1.0,
    ) -> Cut:
        """Draw what becomes of a clip of `shape` (T, height, width); see `__call__`."""
        drawn = torch.rand(_DRAWS, generator=generator, dtype=torch.float64).tolist()
        length, height, width = shape
        speed = _between(self.speed, drawn[0], logarithmic=True)
        indices = window(length, frames, step, speed=speed, least=self.speed[0], place=drawn[1])
        box = _box(height, width, self.area, self.ratio, drawn[2:6])
        flip = drawn[6] < self.flip and label not in self.never_flipped
        saturation = 1 + self.saturation * (2 * drawn[7] - 1)
        hue = self.hue * (2 * drawn[8] - 1)
        matrix = None if (saturation, hue) == (1, 0) else _colours(saturation, hue)
        contrast = 1 + self.contrast * (2 * drawn[9] - 1)
        gain = 1 + self.brightness * (2 * drawn[10] - 1)
        return Cut(indices, box, flip, matrix, 1 - contrast, gain)

    def __call__(
        self,
        clip: Pictures,
        frames: int,
        size: int,
        generator: torch.Generator,
        *,
        label: str = "",
        step: float = 1.0,
        out: Tensor | None = None,
    ) -> Tensor:
        """A changed part of a clip.

        Args:
            clip: `[T, H, W, 3]` uint8, such as a memory-mapped one; only what is used is read.
            frames: how many to take. A clip that is shorter, however slow, is repeated from its
                start.
            size: height and width of the answer, in pixels.
            generator: where chance comes from; the same state gives the same answer.
            label: of the clip; matters for `never_flipped`.
            step: pictures of the clip for one frame, where it has more a second than the network
                takes.
            out: `[frames, size, size, 3]` contiguous float32 memory to write to.

        Returns:
            `[3, frames, size, size]` float32 in 0..1, in the memory order of `out`: that is what
            the network calculates in, so that nothing is copied on the way.
        """
        cut = self.draw(_shape(clip), frames, generator, label=label, step=step)
        return apply(cut, clip, size, out)


def view(
    clip: Pictures,
    size: int,
    frames: int | None = None,
    *,
    start: int = 0,
    step: float = 1.0,
    out: Tensor | None = None,
) -> Tensor:
    """A clip as evaluation sees it: brought to the size and nothing else.

    When the clip has the size already, the answer is what a stream would be given, to the bit.

    Args:
        clip: `[T, H, W, 3]` uint8.
        size: height and width of the answer, in pixels.
        frames: how many to take, from `start` on; None: all there are. A clip that is shorter is
            repeated from its start.
        start: the first picture.
        step: pictures of the clip for one frame.
        out: `[frames, size, size, 3]` contiguous float32 memory to write to.

    Returns:
        `[3, frames, size, size]` float32 in 0..1, in the memory order of `out`.
    """
    length, height, width = _shape(clip)
    if frames is None:
        frames = max(1, math.ceil((length - start) / step))
    indices = (start + np.floor(np.arange(frames) * step).astype(np.intp)) % length
    return apply(Cut(indices, (0, 0, height, width)), clip, size, out)


def window(
    length: int, frames: int, step: float = 1.0, *, speed: float, least: float, place: float
) -> _Indices:
    """Which pictures of a clip of `length` to take: `frames` of them, `step * speed` apart.

    Where the clip is too short, they come closer to each other, down to the speed `least`; where it
    is too short for that, it is repeated from its start. `place`, 0 to below 1, is where in the
    clip they begin.
    """
    apart = step * speed
    if frames > 1:
        fitting = (length - 1) / (frames - 1)
        if fitting >= step * least:
            apart = min(apart, fitting)
    reach = (frames - 1) * apart
    # Adding up many fractions may end a hair above a whole number, and counts as that number.
    start = place * (length - reach) if length > reach else 0.0
    places: _Indices = np.floor(start + np.arange(frames) * apart + 1e-9).astype(np.intp)
    return places % length


def apply(cut: Cut, clip: Pictures, size: int, out: Tensor | None = None) -> Tensor:
    """Do to a clip what was drawn.

    Pictures are resized as bytes, which is the rule that streams are resized with but for one grey
    level in 19 % of the values. It takes 0.7 ms for 16 pictures, 3.2 ms as floats and 4.2 ms with
    `grid_sample`.
    """
    top, left, height, width = cut.box
    _announce(clip, cut.indices)
    part = np.ascontiguousarray(clip[cut.indices, top : top + height, left : left + width])
    pictures = torch.from_numpy(part).permute(0, 3, 1, 2)
    if (height, width) != (size, size):
        pictures = functional.interpolate(
            pictures, size=(size, size), mode="bilinear", align_corners=False, antialias=False
        )
    if cut.flip:  # NumPy would take eight times as long
        pictures = pictures.flip(3)
    pictures = pictures.permute(0, 2, 3, 1)
    if out is None:
        out = torch.empty(len(cut.indices), size, size, 3)
    if cut.matrix is None and cut.pull == 0 and cut.gain == 1:
        torch.div(pictures, 255, out=out)
    else:
        _recolour(pictures, cut, out)
    return out.permute(3, 0, 1, 2)


def _announce(clip: Pictures, indices: _Indices) -> None:
    """Have the pictures of a mapped file read from the disk, in one go and no others.

    Left to itself the system reads what lies around each page that is touched: as much as 8 MB for
    one picture, where it is set to read that far ahead.
    """
    memory: object = clip.base
    if not isinstance(memory, mmap.mmap) or not hasattr(memory, "madvise"):  # Windows has none
        return
    memory.madvise(mmap.MADV_RANDOM)
    picture = clip[0].nbytes
    first = int(indices.min()) * picture // mmap.PAGESIZE * mmap.PAGESIZE
    memory.madvise(mmap.MADV_WILLNEED, first, (int(indices.max()) + 1) * picture - first)


def _recolour(pictures: Tensor, cut: Cut, out: Tensor) -> None:
    """Write pictures `[T, H, W, 3]` uint8 with other colours to `out` of the same shape.

    Brightness, contrast, saturation and hue are together one matrix and one offset. A convolution
    of one pixel applies them fastest: 1.6 ms for 16 pictures, 5 ms channel by channel or as a
    matrix product. Each row counts as a picture, since PyTorch takes its slow way (5 ms) with fewer
    than 16 pictures on one thread.
    """
    matrix = torch.eye(3) if cut.matrix is None else cut.matrix
    offset = torch.zeros(3)
    if cut.pull:
        mean = pictures[:, ::4, ::4].to(torch.float32).mean((0, 1, 2)) / 255
        offset += cut.gain * cut.pull * (mean * torch.tensor(_LUMA)).sum()
    weight = (cut.gain * (1 - cut.pull) / 255) * matrix
    rows = pictures.reshape(-1, 1, pictures.shape[2], 3).permute(0, 3, 1, 2)
    changed = functional.conv2d(rows.to(torch.float32), weight[:, :, None, None], offset)
    torch.clamp(changed.permute(0, 2, 3, 1), 0, 1, out=out.view(-1, 1, out.shape[2], 3))


def _colours(saturation: float, hue: float) -> Tensor:
    """The matrix of a saturation (a factor) and a turn of the hue (of the circle)."""
    grey = torch.tensor(_LUMA).expand(3, 3)
    saturated = saturation * torch.eye(3) + (1 - saturation) * grey
    angle = 2 * math.pi * hue
    sine = math.sin(angle) / math.sqrt(3)
    across = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    # A turn about the line of greys.
    turned = math.cos(angle) * torch.eye(3) + (1 - math.cos(angle)) / 3 + sine * across
    return turned @ saturated


def _box(
    height: int,
    width: int,
    areas: tuple[float, float],
    ratios: tuple[float, float],
    drawn: list[float],
) -> tuple[int, int, int, int]:
    """Top, left, height and width of a part of a picture."""
    area = _between(areas, drawn[0])
    # Only shapes that fit into the picture at this size.
    low, high = (min(max(ratio, area), 1 / area) for ratio in ratios)
    ratio = _between((low, high), drawn[1], logarithmic=True)
    tall = min(height, max(1, round(height * math.sqrt(area / ratio))))
    wide = min(width, max(1, round(width * math.sqrt(area * ratio))))
    return (
        int(drawn[2] * (height - tall + 1)),
        int(drawn[3] * (width - wide + 1)),
        tall,
        wide,
    )


def _between(limits: tuple[float, float], place: float, *, logarithmic: bool = False) -> float:
    low, high = limits
    return float(low * (high / low) ** place if logarithmic else low + place * (high - low))


def _shape(clip: Pictures) -> tuple[int, int, int]:
    if clip.ndim != 4 or clip.shape[3] != 3 or clip.dtype != np.uint8 or 0 in clip.shape:
        raise UsageError(f"a clip is uint8 [T, H, W, 3], not {clip.dtype} {list(clip.shape)}")
    return clip.shape[0], clip.shape[1], clip.shape[2]
