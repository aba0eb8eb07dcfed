"""The command line: one verb a job, one file a verb."""

from movinet.cli.program import main

__all__ = ["main"]
