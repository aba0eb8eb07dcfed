"""Many streams in one process, and many videos on many cores and machines."""

from movinet.scale.engine import Engine, cores
from movinet.scale.seat import Answer, Seat

__all__ = ["Answer", "Engine", "Seat", "cores"]
