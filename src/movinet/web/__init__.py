"""A server: the page, videos that are sent to it, and many live streams at once."""

from movinet.web.engine import Engine
from movinet.web.limits import Limits
from movinet.web.seat import Answer, Seat

__all__ = ["Answer", "Engine", "Limits", "Seat"]
