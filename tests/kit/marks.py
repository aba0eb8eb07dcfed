"""What some tests need of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
