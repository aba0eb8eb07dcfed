"""`movinet serve` from outside: addresses, notes, one line for what is wrong, and signals."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from kit.certificate import write_certificate
from kit.tiny_model import TinyModel
from movinet.cli.program import run

pytest.importorskip("uvicorn")
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    (folder / "other.tflite").write_bytes(TinyModel(classes=3).data)
    (folder / "labels.txt").write_text("red\nblue\ngreen\n")
    return folder


@pytest.fixture(scope="module")
def certificate(place) -> tuple[str, str]:
    write_certificate(place)
    more = "openssl genpkey -algorithm RSA -out other.pem"
    subprocess.run(more.split(), cwd=place, check=True, capture_output=True)
    return "cert.pem", "key.pem"


class Serving:
    """The command, until it has been ended."""

    def __init__(self, place: Path, *arguments: str, addresses: int = 1) -> None:
        command = [sys.executable, "-m", "movinet", "serve", "--port", "0", *arguments]
        if "--model" not in arguments:
            command += ["--model", "model.tflite", "--labels", "labels.txt"]
        self.child = subprocess.Popen(
            command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.child.stdout is not None
        self.addresses = [self.child.stdout.readline().strip() for _ in range(addresses)]
        self.port = int(self.addresses[0].rsplit(":", 1)[1].rstrip("/"))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, float]:
        """The status, what was said on stderr, and the seconds that it took."""
        begun = time.monotonic()
        self.child.send_signal(number)
        _, errors = self.child.communicate(timeout=20)
        # The page may not have been built where this is tested.
        said = [line for line in errors.splitlines(True) if "page has not been built" not in line]
        return self.child.returncode, "".join(said), time.monotonic() - begun


def test_two_models(place):
    serving = Serving(place, "--model", "model.tflite", "--model", "other.tflite")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", serving.addresses[0])
    with urllib.request.urlopen(serving.addresses[0] + "v1/models") as response:
        told = json.load(response)
    assert [model["name"] for model in told["models"]] == ["model", "other"]
    assert serving.end()[:2] == (0, "")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it(place, number, status):
    """Also with connections of every kind."""
    from websockets.sync.client import connect

    serving = Serving(place)
    silent = socket.create_connection(("127.0.0.1", serving.port))
    upload = socket.create_connection(("127.0.0.1", serving.port))
    upload.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
    with connect(f"ws://127.0.0.1:{serving.port}/v1/stream") as stream:
        stream.send('{"type": "start"}')
        assert json.loads(stream.recv())["type"] == "ready"
        code, errors, took = serving.end(number)
    silent.close()
    upload.close()
    assert (code, errors) == (status, "")
    assert took < 5


def test_https(place, certificate):
    serving = Serving(place, "--certificate", certificate[0], "--key", certificate[1])
    assert serving.addresses[0].startswith("https://127.0.0.1:")
    context = ssl.create_default_context(cafile=str(place / "cert.pem"))
    with urllib.request.urlopen(serving.addresses[0] + "healthz", context=context) as response:
        told = json.load(response)
    assert (told["status"], told["streams"]) == ("ok", 0)
    from websockets.sync.client import connect

    address = serving.addresses[0].replace("https", "wss") + "v1/stream"
    with connect(address, ssl=context) as stream:
        stream.send('{"type": "start"}')
        assert json.loads(stream.recv())["type"] == "ready"
    assert serving.end()[:2] == (0, "")


def test_beyond_this_machine(place, certificate):
    serving = Serving(place, "--host", "0.0.0.0")
    assert serving.addresses[0].startswith("http://localhost:")
    _, errors, _ = serving.end()
    assert errors.count("\n") == 1
    assert "anybody who can reach this machine can use the server" in errors
    assert "no camera except on the same machine: add --certificate and --key" in errors
    serving = Serving(place, "--host", "0.0.0.0", "--certificate", "cert.pem", "--key", "key.pem")
    assert "camera" not in serving.end()[1]


def test_the_starter(place):
    serving = Serving(place, "--model", "starter")
    with urllib.request.urlopen(serving.addresses[0] + "models.json") as response:
        (model,) = json.load(response)["models"]
    assert model["name"] == "starter"
    assert "drawn figures" in model["contains"]
    assert serving.end()[0] == 0


def test_a_label_file_beside_a_model_that_has_labels(place):
    models = ["--model", "starter", "--model", "model.tflite"]
    serving = Serving(place, *models, "--labels", "labels.txt")
    with urllib.request.urlopen(serving.addresses[0] + "models.json") as response:
        starter, model = json.load(response)["models"]
    assert "squat" in starter["contract"]["labels"]
    assert model["contract"]["labels"] == ["red", "blue", "green"]
    assert serving.end()[0] == 0


@pytest.mark.parametrize("built", [True, False])
def test_a_page_that_is_not_built_is_told_of(place, built, monkeypatch, capfd):
    """The server itself does not run: it says that it is ready, and ends."""
    from movinet.web import application, exporting, page, serving  # what keeps the function

    assert application.page_files is exporting.page_files is page.page_files
    monkeypatch.chdir(place)
    monkeypatch.setattr(page, "page_files", lambda: {"index.html": place} if built else {})
    monkeypatch.setattr(serving, "serve", lambda *a, ready, **k: ready())
    command = ["serve", "--port", "0", "--model", "model.tflite", "--labels", "labels.txt"]
    assert run(command) == 0
    out, errors = capfd.readouterr()
    assert out.startswith("http://127.0.0.1:")
    assert ("run 'make page'" in errors) is not built


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--model", "nothing.tflite"), 1, "nothing.tflite"),
        (("--model", "no-such-model"), 2, "no-such-model"),
        (("--model", "labels.txt"), 1, "labels.txt"),
        (("--model", "model.tflite", "--model", "model.tflite"), 2, "two models are called model"),
        (("--host", "no.such.host.invalid"), 2, "cannot listen on no.such.host.invalid"),
        (("--host", "192.0.2.7"), 2, "cannot listen on 192.0.2.7, port 0: Cannot assign"),
        (("--host", ""), 2, "--host is empty: name one, or leave the option out"),
        (("--certificate", "", "--key", ""), 2, "--certificate is empty"),
        (("--certificate", "cert.pem", "--key", ""), 2, "--key is empty"),
        (("--export", ""), 2, "--export is empty"),
        (("--certificate", "cert.pem"), 2, "give --certificate and --key"),
        (("--certificate", "nothing.pem", "--key", "x.pem"), 2, "cannot read nothing.pem: No such"),
        (("--certificate", "labels.txt", "--key", "labels.txt"), 2, "cannot use labels.txt"),
        (("--certificate", "cert.pem", "--key", "other.pem"), 2, "the key is that of another"),
        (("--port", "70000"), 2, "70000"),
        (("--export", "labels.txt"), 2, ""),
    ],
)
def test_what_is_wrong_is_one_line(place, certificate, arguments, status, said, monkeypatch, capfd):
    monkeypatch.chdir(place)
    command = ["serve", "--port", "0"]
    if "--model" not in arguments:
        command += ["--model", "model.tflite", "--labels", "labels.txt"]
    assert run([*command, *arguments]) == status
    out, errors = capfd.readouterr()
    assert out == ""
    assert errors.startswith("movinet: error: ")
    assert errors.count("\n") == 1
    assert said in errors


def test_a_port_that_is_taken(place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "movinet", "serve", "--model", "model.tflite"]
        command += ["--port", str(taken.getsockname()[1])]
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, timeout=50, check=False
        )
    assert done.returncode == 2
    assert re.fullmatch(
        r"movinet: error: cannot listen on 127.0.0.1, port \d+: Address already in use; "
        r"name another with --port, or 0 for any that is free\n",
        done.stderr,
    )


def test_without_the_extra(place):
    code = (
        "import sys\nsys.modules['uvicorn'] = None\n"
        "from movinet.cli.program import run\nsys.exit(run(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "movinet: error: movinet serve needs an extra: pip install 'movinet[web]'\n"
    )
