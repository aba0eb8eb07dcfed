"""Processes of our own, spoken to in pickles. Imports nothing that takes time."""

from movinet.processes.cores import cores
from movinet.processes.process import Answers, Process, orders

__all__ = ["Answers", "Process", "cores", "orders"]
