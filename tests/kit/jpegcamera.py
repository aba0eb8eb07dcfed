"""A camera on this machine that sends one JPEG after the other over HTTP."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import av
import numpy as np


class JpegCamera:
    """Serves `multipart/x-mixed-replace`, in real time, until it is cut."""

    def __init__(self, pictures: list[np.ndarray], *, fps: int = 20) -> None:
        self.parts = [jpeg(picture) for picture in pictures]
        self.fps, self.refuse, self.number = fps, False, 0
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._send(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/video"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and refuse new ones until `mend`."""
        self.refuse = True

    def mend(self) -> None:
        """Answer again."""
        self.refuse = False

    def _send(self, handler: BaseHTTPRequestHandler) -> None:
        if self.refuse:
            handler.send_error(503)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        handler.end_headers()
        try:
            while not self.refuse:
                part = self.parts[self.number % len(self.parts)]
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}\r\n\r\n"
                handler.wfile.write(head.encode() + part + b"\r\n")
                self.number += 1
                time.sleep(1 / self.fps)
        except OSError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse = True
        self._server.shutdown()
        self._server.server_close()


def jpeg(picture: np.ndarray) -> bytes:
    """A picture `[H, W, 3]` uint8 as a JPEG."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
