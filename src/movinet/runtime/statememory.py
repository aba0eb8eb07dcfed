"""`Memory`: where the state of a stream lies while another has the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from movinet.models import StatePair
from movinet.runtime.model import StateArray

_LINE = 64  # bytes; what a processor's cache fetches at once


class Memory:
    """Room for the live states of one stream, in one piece.

    A stream buffer holds the last T frames, and a step puts a new one behind them. It is kept as a
    ring here, so that after a step only the new frame has to be written; when the buffer goes back
    to the network its frames are in order again.
    """

    def __init__(self, pairs: Sequence[StatePair]) -> None:
        """Room for these; nothing is in it yet."""
        sizes = [-(-pair.nbytes // _LINE) * _LINE for pair in pairs]
        block = np.empty(sum(sizes), np.uint8)
        self._views: dict[str, StateArray] = {}
        self._parts: list[memoryview] = []
        self._places = {pair.name: place for place, pair in enumerate(pairs)}
        self._turns = 0  # frames that were written into the rings since all was in order
        self._slides: Sequence[int] = [0] * len(sizes)
        place = 0
        for pair, size in zip(pairs, sizes, strict=True):
            part = block[place : place + pair.nbytes]
            self._views[pair.name] = part.view(pair.dtype).reshape(pair.shape)
            self._parts.append(bytes_of(part))
            place += size

    def view(self, name: str) -> StateArray:
        """One state, in its own shape and dtype, to be read and written."""
        if self._turns and self._slides[self._places[name]]:
            self._straighten()
        return self._views[name]

    def keep(self, outputs: Sequence[memoryview]) -> None:
        """Take over what the network gives."""
        self._turns = 0
        for kept, output in zip(self._parts, outputs, strict=True):
            kept[:] = output

    def keep_newest(self, outputs: Sequence[memoryview], slides: Sequence[int]) -> None:
        """The same, after a single step on what `load` gave.

        Args:
            outputs: of the network, a state each.
            slides: of each the frames that slide in it; 0: it does not slide.
        """
        turns = self._turns
        for kept, output, frames in zip(self._parts, outputs, slides, strict=True):
            if frames:
                size = len(kept) // frames
                begin = turns % frames * size
                kept[begin : begin + size] = output[-size:]
            else:
                kept[:] = output
        self._turns, self._slides = turns + 1, slides

    def load(self, inputs: Sequence[memoryview]) -> None:
        """Give all to the network."""
        turns = self._turns
        for entry, kept, frames in zip(inputs, self._parts, self._slides, strict=True):
            begin = turns % frames * (len(kept) // frames) if frames else 0
            if begin:
                entry[: len(kept) - begin] = kept[begin:]
                entry[len(kept) - begin :] = kept[:begin]
            else:
                entry[:] = kept

    def _straighten(self) -> None:
        for kept, frames in zip(self._parts, self._slides, strict=True):
            begin = self._turns % frames * (len(kept) // frames) if frames else 0
            if begin:
                kept[:] = bytes(kept[begin:]) + bytes(kept[:begin])
        self._turns = 0


def bytes_of(array: StateArray) -> memoryview:
    """The memory of a contiguous array, as bytes."""
    return memoryview(array.reshape(-1).view(np.uint8).data)
