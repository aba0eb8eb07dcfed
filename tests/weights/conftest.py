from __future__ import annotations

from pathlib import Path

import pytest

from kit.damage import SMALL
from kit.tensorbundle import write_bundle


@pytest.fixture
def ckpt(tmp_path) -> Path:
    return write_bundle(tmp_path / "dir" / "ckpt-1", SMALL, shards=2)
