"""LiteRT talks on stderr while it loads; what it says is kept or dropped line by line."""

from __future__ import annotations

import os

import pytest
from ai_edge_litert import interpreter

from kit import child
from kit.tiny_model import TINY
from movinet.errors import ModelError
from movinet.runtime import open_model

_LOAD = """
import sys
import movinet
print(movinet.open_model(sys.argv[1]).info.classes)
"""

_LOAD_PLAINLY = """
import sys
from ai_edge_litert.interpreter import Interpreter
Interpreter(model_path=sys.argv[1]).allocate_tensors()
"""


@pytest.fixture
def path(tmp_path):
    return TINY.write(tmp_path / "tiny.tflite")


def test_nothing_is_on_stderr_in_a_fresh_process(path):
    done = child.python(_LOAD, path)
    assert (done.stdout, done.stderr) == (b"4\n", b"")


def test_litert_alone_would_talk(path):
    """Without this the test above would prove nothing."""
    done = child.python(_LOAD_PLAINLY, path, check=False)
    assert done.returncode == 0
    assert done.stderr.startswith(b"INFO:")


@pytest.fixture
def talking(monkeypatch):
    """Makes LiteRT write given bytes to stderr, as C++ would, and then load as ever or fail."""

    def talk(said: bytes, failure: Exception | None = None):
        class Talking(interpreter.Interpreter):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                for start in range(0, len(said), 1000):
                    try:
                        os.write(2, said[start : start + 1000])
                    except BlockingIOError:
                        break
                if failure is not None:
                    raise failure

        monkeypatch.setattr(interpreter, "Interpreter", Talking)

    return talk


def test_info_goes_and_everything_else_stays(path, talking, capfd):
    talking(b"INFO: one\nWARNING: two\nINFO: three\nfour INFO: five\nERROR: six\n")
    open_model(path)
    assert capfd.readouterr().err == "WARNING: two\nfour INFO: five\nERROR: six\n"


def test_stderr_works_afterwards(path, talking, capfd):
    talking(b"INFO: hidden\n")
    open_model(path)
    os.write(2, b"INFO: not hidden\n")
    assert capfd.readouterr().err == "INFO: not hidden\n"


def test_what_was_said_before_a_failure_is_kept(path, talking, capfd):
    talking(b"INFO: one\nERROR: two\n", ValueError("first line\nsecond line"))
    with pytest.raises(ModelError, match=r"LiteRT refuses it \(first line\)$"):
        open_model(path)
    os.write(2, b"and stderr works\n")
    assert capfd.readouterr().err == "ERROR: two\nand stderr works\n"


@pytest.mark.timeout(30)
def test_a_flood_does_not_hang(path, talking, capfd):
    talking(b"WARNING: much\n" * 20_000)
    open_model(path)
    assert capfd.readouterr().err.startswith("WARNING: much\nWARNING: much\n")


def test_a_process_without_stderr(path):
    done = child.python("import os; os.close(2)\n" + _LOAD, path)
    assert done.stdout == b"4\n"
