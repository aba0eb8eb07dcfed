"""From a network to a file for a device, smaller if wanted, and the proof that it is the same."""

from movinet.export.exporting import PRECISIONS, TARGETS, Exported, export
from movinet.export.parity import Difference, Trace, compare, file_trace, network_trace

__all__ = [
    "PRECISIONS",
    "TARGETS",
    "Difference",
    "Exported",
    "Trace",
    "compare",
    "export",
    "file_trace",
    "network_trace",
]
