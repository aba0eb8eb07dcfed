"""Threads held to a few cores."""

from __future__ import annotations

import os

import pytest

from movinet.evaluation.pinning import pinned

can_pin = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot pin here")


@can_pin
@pytest.mark.parametrize("cores", [1, 2, 10_000])
def test_only_so_many_cores_and_all_again_afterwards(cores):
    before = os.sched_getaffinity(0)
    with pinned(cores) as can:
        assert can
        assert os.sched_getaffinity(0) == set(sorted(before)[-cores:])
    assert os.sched_getaffinity(0) == before


@can_pin
def test_all_again_after_an_error():
    before = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), pinned(1):
        1 / 0  # noqa: B018
    assert os.sched_getaffinity(0) == before


def test_a_system_that_cannot_says_so(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pinned(1) as can:
        assert not can


@can_pin
def test_a_system_that_will_not_says_so(monkeypatch):
    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with pinned(1) as can:
        assert not can
