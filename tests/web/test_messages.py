"""The first message of a stream: what it may say."""

from __future__ import annotations

import pytest

from movinet.errors import UsageError
from movinet.web.messages import read_events

HUGE = 10**400


@pytest.mark.parametrize("value", [HUGE, -HUGE, float("inf"), float("nan")])
@pytest.mark.parametrize("key", ["on", "off", "minimum", "join", "cool_down", "margin", "memory"])
def test_numbers_that_are_no_reasonable_size(key, value):
    with pytest.raises(UsageError, match=f'"{key}" must be a number of reasonable size'):
        read_events({key: value})


def test_a_whole_number_is_a_number():
    assert read_events({"minimum": 2, "memory": 3}).minimum == 2.0


@pytest.mark.parametrize("key", ["on", "minimum"])
def test_a_huge_number_closes_in_due_form(server, key):
    with server.connect() as client:
        client.say("start", events={key: HUGE})
        (answer,) = client.rest()
    assert answer["type"] == "error"
    assert client.code == 1008
