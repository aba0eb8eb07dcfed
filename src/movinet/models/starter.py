"""The model that comes with the package."""

from __future__ import annotations

from pathlib import Path

NAME = "starter"
KINETICS = "a0-lite-k600-int8"
NOTICE = (
    f"the starter model knows only drawn figures; '{KINETICS}' knows 600 actions of people, and is "
    "fetched when it is named first"
)


def starter_path() -> Path:
    """Where it lies."""
    return Path(__file__).with_name("starter.tflite")
