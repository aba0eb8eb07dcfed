"""Tests here need the real files; without them they are skipped, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.real import REAL


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)
            if not REAL.is_dir():
                item.add_marker(pytest.mark.skip(reason="no real files: ../shared/real is absent"))
