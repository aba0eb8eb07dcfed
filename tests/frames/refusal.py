"""What `open_source` says when it refuses."""

from __future__ import annotations

import pytest

from movinet.errors import SourceError
from movinet.frames import open_source


def refusal(spec, kind=SourceError, **options):
    """What is said when `spec` is opened: one line."""
    with pytest.raises(kind) as caught:
        open_source(spec, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
