"""A container whose demuxer fails where a test says so."""

from __future__ import annotations


class Stumbling:
    """A container whose demuxer raises before the packets at some places."""

    def __init__(self, inner, failures):
        self._inner = inner
        self._failures = failures
        self._packets = None
        self._place = 0

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def demux(self, stream):
        self._packets = self._packets or self._inner.demux(stream)
        while True:
            for error in self._failures.get(self._place, ()):
                self._failures[self._place] = [*self._failures[self._place][1:]]
                raise error
            self._place += 1
            try:
                yield next(self._packets)
            except StopIteration:
                return
