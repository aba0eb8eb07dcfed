"""The first message of a stream: what it may say."""

from __future__ import annotations

import pytest

from movinet.errors import UsageError
from movinet.web.messages import read_events, read_start

HUGE = 10**400


@pytest.mark.parametrize(
    "value", [HUGE, -HUGE, float("inf"), float("nan")], ids=["huge", "low", "inf", "nan"]
)
@pytest.mark.parametrize("key", ["on", "off", "minimum", "join", "cool_down", "margin", "memory"])
def test_numbers_that_are_no_reasonable_size(key, value):
    with pytest.raises(UsageError, match=f'"{key}" must be a number of reasonable size'):
        read_events({key: value})


def test_a_whole_number_is_a_number():
    assert read_events({"minimum": 2, "memory": 3}).minimum == 2.0


@pytest.mark.parametrize("key", ["minimum", "join", "cool_down", "memory"])
def test_a_large_number_harms_nothing(server, pictures, key):
    with server.connect() as client:
        client.start(events={key: 1e300})
        client.show(pictures[0], 0)
        assert client.hear()["type"] == "prediction"
        client.say("stop")
        assert client.rest() == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tops": 3}, "unknown 'tops': use model, top and events"),
        ({"model": 0}, '"model" must be a name'),
        ({"model": []}, '"model" must be a name'),
        ({"model": None}, '"model" must be a name'),
    ],
)
def test_what_start_does_not_take(more, said):
    with pytest.raises(UsageError, match=said):
        read_start({"type": "start", **more}, "starter")


def test_what_start_may_leave_out():
    start = read_start({"type": "start"}, "starter")
    assert (start.model, start.top, start.events) == ("starter", 5, None)


@pytest.mark.parametrize("key", ["on", "minimum"])
def test_a_huge_number_closes_in_due_form(server, key):
    with server.connect() as client:
        client.say("start", events={key: HUGE})
        (answer,) = client.rest()
    assert answer["type"] == "error"
    assert client.code == 1008
