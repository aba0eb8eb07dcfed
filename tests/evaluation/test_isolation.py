"""A configuration in a process of its own."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from kit import child
from kit.tiny_model import TINY, image_classifier
from movinet.errors import ModelError
from movinet.evaluation import Configuration, enter
from movinet.evaluation.isolation import bare_bytes, cost


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return enter(TINY.write(tmp_path_factory.mktemp("tiny") / "tiny.tflite"))


def test_the_cost_of_a_tiny_model(tiny):
    found = cost(Configuration(tiny, "litert", 1), bare_bytes())
    assert 0 < found.load <= found.cold_load < 60
    assert 0 < found.first < 10
    assert found.memory is None or 0 < found.memory < 300e6
    assert cost(Configuration(tiny, "litert", 1), None).memory is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system counts otherwise")
def test_the_memory_is_the_childs_own():
    """What this process holds does not count, and what the child holds does."""
    held = np.ones(400 << 20, np.uint8)
    bare = bare_bytes()
    assert bare is not None
    assert 5e6 < bare < 200e6 < held.nbytes
    script = """
import numpy as np
from movinet.evaluation.child import peak_bytes
before = peak_bytes()
held = np.ones(100 << 20, np.uint8)
print(peak_bytes() - before)
"""
    assert int(child.python(script).stdout) == pytest.approx(100 << 20, rel=0.05)


def test_a_file_that_cannot_run_says_why(tmp_path):
    path = tmp_path / "bad.tflite"
    path.write_bytes(image_classifier())
    with pytest.raises(ModelError, match="an image classifier"):
        cost(Configuration(enter(path), "litert", 1), None)


def test_an_unknown_backend_says_so(tiny):
    with pytest.raises(ModelError, match="unknown backend 'magic'"):
        cost(Configuration(tiny, "magic", 1), None)


def test_a_process_that_dies_is_a_reason(tiny, monkeypatch, tmp_path):
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\necho noise\necho 'Bus error' >&2\nexit 7\n")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(ModelError, match=r"^its process ended with status 7: Bus error$"):
        cost(Configuration(tiny, "litert", 1), None)
