"""Recognise human actions in video, live, one frame at a time, on small devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from movinet.errors import MovinetError
    from movinet.frames import Frame, Source, open_source
    from movinet.models import ModelInfo, read_info
    from movinet.runtime import open_model
    from movinet.stream import (
        Category,
        Classifier,
        Event,
        EventDetector,
        EventOptions,
        Prediction,
        Stream,
        Summary,
        load,
    )

__version__ = "0.1.0"

__all__ = [
    "Category",
    "Classifier",
    "Event",
    "EventDetector",
    "EventOptions",
    "Frame",
    "ModelInfo",
    "MovinetError",
    "Prediction",
    "Source",
    "Stream",
    "Summary",
    "__version__",
    "load",
    "open_model",
    "open_source",
    "read_info",
]

# Names are fetched when they are first asked for, so that `movinet --help` and programs that
# only mention the package do not wait for NumPy.
_HOMES = {
    "MovinetError": "movinet.errors",
    "Frame": "movinet.frames",
    "Source": "movinet.frames",
    "open_source": "movinet.frames",
    "ModelInfo": "movinet.models",
    "read_info": "movinet.models",
    "open_model": "movinet.runtime",
    "Category": "movinet.stream",
    "Classifier": "movinet.stream",
    "Event": "movinet.stream",
    "EventDetector": "movinet.stream",
    "EventOptions": "movinet.stream",
    "Prediction": "movinet.stream",
    "Stream": "movinet.stream",
    "Summary": "movinet.stream",
    "load": "movinet.stream",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'movinet' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
