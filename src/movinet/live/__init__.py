"""Cameras, watched as they go on."""

from movinet.live.camera import Camera, Region
from movinet.live.config import read_cameras
from movinet.live.fleet import Fleet
from movinet.live.health import Health, State
from movinet.live.watch import Answer, Watch
from movinet.live.watching import Watching

__all__ = [
    "Answer",
    "Camera",
    "Fleet",
    "Health",
    "Region",
    "State",
    "Watch",
    "Watching",
    "read_cameras",
]
