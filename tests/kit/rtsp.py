"""An RTSP camera on this machine: H.264 over TCP, in real time, that can be cut off."""

from __future__ import annotations

import socket
import struct
import threading
import time
from base64 import b64encode
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
import numpy as np

_CLOCK = 90_000
_LARGEST = 1400  # bytes of an RTP packet
_KEY_EVERY = 1.0  # seconds


class RtspCamera:
    """Serves one stream to any number of clients, `with RtspCamera(...) as camera`.

    Attributes:
        address: to be opened.
        sent: for each client, in the order of their coming, when each frame was sent
            (`time.monotonic`).
    """

    def __init__(
        self,
        pictures: list[np.ndarray],
        *,
        fps: int = 25,
        mute: bool = False,
        later: list[np.ndarray] | None = None,
    ) -> None:
        """Pictures `[H, W, 3]` uint8 that are shown again and again.

        With `mute` no packet is ever sent. `later` are pictures of another size that come after
        `change`, as when somebody changes the camera's settings.
        """
        self._fps, self._mute = fps, mute
        self._frames = _encode(pictures, fps)
        self._later = _encode(later, fps) if later else None
        self._changed = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/camera"
        self.sent: list[list[float]] = []
        self._clients: list[socket.socket] = []
        self._refuse = False
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop everybody, and refuse who comes until `mend`."""
        self._refuse = True
        for client in self._clients:
            _shut(client)
        self._clients.clear()

    def change(self) -> None:
        """Go on with the other pictures."""
        self._changed = True

    def mend(self) -> None:
        """Accept clients again."""
        self._refuse = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        self.cut()
        self._server.close()

    # -- one client -------------------------------------------------------

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self._refuse:
                _shut(client)
                continue
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as lines:
                while request := _request(lines):
                    verb, address, headers = request
                    answer = {"CSeq": headers.get("cseq", "0")}
                    body = b""
                    if verb == "OPTIONS":
                        answer["Public"] = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
                    elif verb == "DESCRIBE":
                        body = self._description()
                        answer["Content-Type"] = "application/sdp"
                        answer["Content-Base"] = address + "/"
                        answer["Content-Length"] = str(len(body))
                    elif verb == "SETUP":
                        answer["Transport"] = "RTP/AVP/TCP;unicast;interleaved=0-1"
                        answer["Session"] = "1"
                    elif verb in ("PLAY", "TEARDOWN"):
                        answer["Session"] = "1"
                    head = "".join(f"{name}: {value}\r\n" for name, value in answer.items())
                    client.sendall(f"RTSP/1.0 200 OK\r\n{head}\r\n".encode() + body)
                    if verb == "PLAY" and not self._mute:
                        self._play(client)
                        return
        except OSError:
            return

    def _description(self) -> bytes:
        units = {unit[0] & 31: unit for unit in _units(self._frames[0][0])}
        sets = ",".join(b64encode(units[kind]).decode() for kind in (7, 8))
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\na=control:track\r\n"
        ).encode()

    def _play(self, client: socket.socket) -> None:
        sent: list[float] = []
        self.sent.append(sent)
        begun, number, sequence = time.monotonic(), 0, 0
        frames, base = self._frames, 0
        while not self._closed:
            due = begun + number / self._fps
            time.sleep(max(0.0, due - time.monotonic()))
            if self._later and self._changed and frames is self._frames:
                frames, base = self._later, number
            data, _ = frames[(number - base) % len(frames)]
            units = _units(data)
            out = bytearray()
            for place, unit in enumerate(units):
                for part, last in _parts(unit):
                    mark = last and place == len(units) - 1
                    header = struct.pack(
                        ">BBHII",
                        0x80,
                        96 | (0x80 if mark else 0),
                        sequence & 0xFFFF,
                        number * _CLOCK // self._fps & 0xFFFFFFFF,
                        1,
                    )
                    out += struct.pack(">BBH", 0x24, 0, len(header) + len(part)) + header + part
                    sequence += 1
            sent.append(time.monotonic())
            client.sendall(out)
            number += 1


def _encode(pictures: list[np.ndarray], fps: int) -> list[tuple[bytes, bool]]:
    """H.264 in Annex B, a packet a picture, the first a key frame, without reordering."""
    height, width = pictures[0].shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "threads": "1",
        "g": str(round(fps * _KEY_EVERY)),
        "x264-params": "repeat-headers=1:sliced-threads=0",
    }
    packets = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [(bytes(packet), packet.is_keyframe) for packet in packets]


def _units(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B packet."""
    return [
        unit.rstrip(b"\0") for unit in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    ]


def _parts(unit: bytes) -> list[tuple[bytes, bool]]:
    """A unit as the payloads of RTP packets (RFC 6184), each with whether it is the last."""
    if len(unit) <= _LARGEST:
        return [(unit, True)]
    head, rest = unit[0], unit[1:]
    pieces = [rest[at : at + _LARGEST] for at in range(0, len(rest), _LARGEST)]
    parts = []
    for number, piece in enumerate(pieces):
        begin, end = number == 0, number == len(pieces) - 1
        flags = (0x80 if begin else 0) | (0x40 if end else 0) | (head & 31)
        parts.append((bytes([(head & 0xE0) | 28, flags]) + piece, end))
    return parts


def _request(lines) -> tuple[str, str, dict[str, str]] | None:
    first = lines.readline().decode("latin-1").split()
    if len(first) < 3:
        return None
    headers = {}
    while line := lines.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first[0], first[1], headers


def _shut(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
    client.close()
