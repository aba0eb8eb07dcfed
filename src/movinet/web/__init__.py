"""A server: the page, videos that are sent to it, and many live streams at once."""

from movinet.web.limits import Limits

__all__ = ["Limits"]
