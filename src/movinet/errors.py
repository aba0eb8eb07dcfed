"""What can go wrong, as one small tree of exceptions.

Every message is one line: what went wrong, with what, and what to do. The command line prints
it as it stands, so it must be fit for a person to read.
"""

from __future__ import annotations


class MovinetError(Exception):
    """The root of all errors that this package raises on purpose."""


class UsageError(MovinetError, ValueError):
    """A caller asked for something that makes no sense; exit status 2 on the command line."""


class SourceError(MovinetError):
    """A video, a camera or another source of frames cannot be read."""


class ModelError(MovinetError):
    """A model file cannot be read, or is not a streaming video classifier."""


class LabelsError(ModelError):
    """A label file cannot be read, or does not fit its model."""


class DownloadError(MovinetError):
    """A published weight could not be fetched, or is not what it should be."""


class OutputError(MovinetError):
    """Results could not be written."""


class MissingExtraError(MovinetError):
    """A feature needs a package that is not installed; names the extra to install."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'movinet[{extra}]'")
