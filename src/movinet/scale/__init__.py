"""Many streams in one process, and many videos on many cores and machines."""

from movinet.processes import cores
from movinet.scale.engine import Engine
from movinet.scale.job import Job
from movinet.scale.ledger import Ledger
from movinet.scale.outcome import Outcome
from movinet.scale.processes import Processes
from movinet.scale.seat import Answer, Seat

__all__ = ["Answer", "Engine", "Job", "Ledger", "Outcome", "Processes", "Seat", "cores"]
