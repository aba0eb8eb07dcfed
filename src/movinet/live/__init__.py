"""Cameras, watched as they go on."""

from movinet.live.camera import Camera, Region
from movinet.live.config import read_cameras
from movinet.live.health import Health, State
from movinet.live.watching import Answer, Watching

__all__ = ["Answer", "Camera", "Health", "Region", "State", "Watching", "read_cameras"]
