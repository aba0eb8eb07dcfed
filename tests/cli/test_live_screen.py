"""`movinet live` on a terminal: what is on the screen, and what is said when it has gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kit.tiny_model import TinyModel

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal"),
]


class Screen:
    """A terminal with `movinet live` on it, which shows events of a test pattern."""

    def __init__(self, place: Path, *arguments: str, errors: bool = False) -> None:
        (place / "model.tflite").write_bytes(TinyModel(classes=3).data)
        command = [sys.executable, "-m", "movinet", "live", "--source", "test:"]
        command += ["--model", "model.tflite", "--event-on", "0.2", "--event-min", "0.2"]
        self._screen, terminal = os.openpty()
        self.child = subprocess.Popen(
            [*command, *arguments],
            cwd=place,
            stdout=terminal,
            stderr=terminal if errors else subprocess.PIPE,
            text=True,
        )
        os.close(terminal)
        self.text = ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with os.fdopen(self._screen, "rb", buffering=0) as screen:
            # Linux says with an error that nobody writes any more.
            try:
                while part := screen.read(4096):
                    self.text += part.decode("utf-8", "replace")
            except OSError:
                pass

    def wait_for(self, text: str) -> None:
        limit = time.monotonic() + 30
        while text not in self.text:
            assert time.monotonic() < limit, self.text
            time.sleep(0.02)

    def end(self) -> str | None:
        """Wait for its end; gives the rest of standard error, where that is not on the screen."""
        with self.child:
            rest = self.child.communicate(timeout=20)[1]
        self._thread.join()
        return rest


def read_until(stream, text: str) -> None:
    for line in stream:
        if text in line:
            return
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("numbers", "status"),
    [((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGTERM,), 0)],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_a_program_that_hangs_keeps_nobody_from_ending_it(tmp_path, numbers, status):
    screen = Screen(tmp_path, "--on-event", "sleep 60")
    screen.wait_for("begins")
    first, *more = numbers
    asked = time.monotonic()
    screen.child.send_signal(first)
    read_until(screen.child.stderr, "movinet: warning: waiting for")
    for number in more:
        screen.child.send_signal(number)
    rest = screen.end()
    assert time.monotonic() - asked < 10
    assert screen.child.returncode == status
    assert "movinet: warning: sleep was stopped" in rest
    # The last picture, which stays, does not ask for what has been done.
    assert "Ctrl-C ends it" not in screen.text[screen.text.rindex("what is seen") :]


def test_what_a_program_writes_does_not_spoil_the_screen(tmp_path):
    """It is printed by who draws, which brings its lines to an end as terminals want it."""
    screen = Screen(tmp_path, "--on-event", "sh -c 'printf rang >&2'", errors=True)
    screen.wait_for("rang")
    screen.child.send_signal(signal.SIGTERM)
    screen.end()
    assert screen.child.returncode == 0
    assert all(part.startswith("\r\n") for part in screen.text.split("rang")[1:])
