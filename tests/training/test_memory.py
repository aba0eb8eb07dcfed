"""Memory that the next step needs again is kept, and given back at the end."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_MEGABYTES = 100
_PAGES = _MEGABYTES * 2**20 // 4096

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are"
)


# In a process of its own: where in the heap freed memory lies is a matter of chance in this one.
STEPS = """
import resource
import torch
from movinet.training.memory import kept_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

with kept_memory():
    for _ in range(10):
        before = faults()
        torch.ones({floats})
        print(faults() - before)
"""


def test_only_the_first_steps_ask_for_memory():
    code = STEPS.format(floats=_MEGABYTES * 2**18)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    asked = [int(line) for line in done.stdout.split()]
    assert asked[0] > 0.9 * _PAGES
    # A piece that must begin at a certain place may not fit where one like it has been.
    assert sum(asked[5:]) < 0.1 * _PAGES


# As above.
PICTURES = """
import resource
import numpy as np
from movinet.frames import Resizer
from movinet.training.memory import kept_memory

resizer, image = Resizer(172, 172), np.zeros((720, 1280, 3), np.uint8)
resizer(image)
with kept_memory():
    resizer(image)
for _ in range(20):
    resizer(image)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    resizer(image)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_pictures_are_as_fast_afterwards():
    """With the limits that glibc begins with, each asks for 550 pages."""
    done = subprocess.run([sys.executable, "-c", PICTURES], capture_output=True, check=True)
    assert int(done.stdout) < 100


# As above.
GIVEN_BACK = """
from pathlib import Path
import torch
from movinet.training.memory import kept_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

def of_a_step():
    torch.ones({floats})

def fails():
    of_a_step()
    raise ValueError("in the midst")

print(resident())
with kept_memory():
    of_a_step()
    print(resident())
print(resident())
of_a_step()
print(resident())
try:
    kept_memory()(fails)()
except ValueError:
    print(resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc")
def test_it_is_given_back():
    code = GIVEN_BACK.format(floats=_MEGABYTES * 2**18)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    before, during, *after = (float(line) for line in done.stdout.split())
    assert during > before + 0.9 * _MEGABYTES
    assert len(after) == 3  # after it, after a step without it, and after one that failed
    assert max(after) < before + 0.1 * _MEGABYTES
