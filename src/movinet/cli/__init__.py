"""The command line: one verb a job, one file a verb."""

from movinet.cli.entry import main

__all__ = ["main"]
