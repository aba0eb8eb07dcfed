"""A certificate for this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """It and its key, `cert.pem` and `key.pem`; skips the test where there is no openssl."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2"
    names = ["-subj", "/CN=movinet", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl")
    return folder / "cert.pem", folder / "key.pem"
