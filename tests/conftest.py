"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# An example that takes long says something about the machine, and nothing about the rule.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
