"""`Limits`: what strangers may ask of a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much there may be of everything.

    Attributes:
        connections: streams at a time.
        message: bytes of a message.
        picture: pixels of the width and the height of a picture.
        first: seconds until the first message.
        idle: seconds without a message, or without a byte of an upload.
        unsent: answers that wait for a client to read them.
        upload: bytes of a video.
        duration: seconds of a video.
        uploads: videos at a time.
        head: bytes of the address and the headers of a request.
    """

    connections: int = 100
    message: int = 4_000_000
    picture: int = 4096
    first: float = 10.0
    idle: float = 60.0
    unsent: int = 256
    upload: int = 200_000_000
    duration: float = 600.0
    uploads: int = 4
    head: int = 16_384
