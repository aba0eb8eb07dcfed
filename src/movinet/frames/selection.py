"""Which packets of a video need decoding at all, when only some frames are wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from movinet.frames.clock import Sampler

if TYPE_CHECKING:
    import av

    Packet = av.Packet[av.VideoStream]

# Packets that wait for a decision; real streams reorder by a handful of frames. A file whose
# decoding times stand still would otherwise be read into memory whole.
_LOOKAHEAD = 64


class PacketSelector:
    """Says of each packet whether its frame will be taken, before it is decoded.

    A frame is taken when it is the first in its interval (see `Sampler`). Packets come in decoding
    order, so an earlier frame may still be on its way: a packet is held back until the decoding
    time has reached its own presentation time, since from then on every packet is later. Where
    timestamps are missing, not in order or there twice, or a packet is damaged, everything is
    declared needed.
    """

    def __init__(self, sampler: Sampler, first: int | None = None) -> None:
        """`first`: frames before this time (in ticks) are not wanted."""
        self._sampler = sampler
        self._first = first
        self._queue: deque[Packet] = deque()
        self._earliest: dict[int, int] = {}
        self._last_dts: int | None = None
        self._recent: deque[int] = deque(maxlen=_LOOKAHEAD)
        self._trusted = True

    def add(self, packet: Packet) -> Iterator[tuple[Packet, bool]]:
        """Take in a packet; gives those that are decided, each with whether it is needed."""
        last = self._last_dts
        if packet.pts is None or (last is not None and (packet.dts is None or packet.dts < last)):
            self._trusted = False
        else:
            # The clock will move the second of two frames at one time, and perhaps those behind.
            self._trusted = self._trusted and packet.pts not in self._recent
            self._recent.append(packet.pts)
            # Matroska does not know the decoding times of the first packets.
            self._last_dts = packet.dts
        if not self._trusted or not self._sampler.started or self._last_dts is None:
            yield from self.flush()
            yield packet, not self._trusted or self._wanted_before_start(packet)
            return
        assert packet.pts is not None
        number = self._sampler.interval(packet.pts)
        earliest = self._earliest.get(number)
        if earliest is None or packet.pts < earliest:
            self._earliest[number] = packet.pts
        self._queue.append(packet)
        while self._queue and self._decided(self._queue[0]):
            yield self._next()

    def flush(self) -> Iterator[tuple[Packet, bool]]:
        """The packets that still wait, at the end."""
        while self._queue:
            yield self._next()

    def distrust(self) -> None:
        """Declare everything needed from now on.

        A packet that gives no picture leaves its interval to the next one, and what is shown in
        place of the pictures that refer to it depends on all that was decoded.
        """
        self._trusted = False

    def _wanted_before_start(self, packet: Packet) -> bool:
        return self._first is None or packet.pts is None or packet.pts >= self._first

    def _decided(self, packet: Packet) -> bool:
        assert packet.pts is not None
        assert self._last_dts is not None
        if self._last_dts >= packet.pts or len(self._queue) > _LOOKAHEAD:
            return True
        # A frame before it in the same interval settles it at once.
        return self._earliest[self._sampler.interval(packet.pts)] < packet.pts

    def _next(self) -> tuple[Packet, bool]:
        packet = self._queue.popleft()
        if not self._trusted or packet.pts is None:
            return packet, True
        number = self._sampler.interval(packet.pts)
        needed = self._sampler.wants(number) and self._earliest.get(number) == packet.pts
        while len(self._earliest) > _LOOKAHEAD:
            del self._earliest[next(iter(self._earliest))]
        return packet, needed
