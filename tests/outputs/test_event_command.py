"""`EventCommand`: somebody's program, which must hold nothing up and break nothing."""

from __future__ import annotations

import json
import sys
import time
from fractions import Fraction

import pytest

from movinet.errors import UsageError
from movinet.outputs import eventcommand
from movinet.outputs.eventcommand import EventCommand
from movinet.stream import Event

BEGUN = Event("push up; rm -rf $HOME", 3, Fraction(3, 2), None, 0.75)
ENDED = Event("push up\0", 3, Fraction(3, 2), Fraction(4), 0.9)


def python(code: str) -> str:
    return f"{sys.executable} -c '{code}'"


def test_it_is_told_all_in_its_environment(tmp_path):
    out = tmp_path / "said.jsonl"
    code = (
        'import json, os; own = {k: v for k, v in os.environ.items() if k.startswith("MOVINET_")};'
        f' open("{out}", "a").write(json.dumps(own) + chr(10))'
    )
    said = []
    with EventCommand(python(code), say=said.append) as command:
        command.event("$(reboot).mp4", BEGUN)
        command.close()
        command.event("$(reboot).mp4", ENDED)
    begun, ended = map(json.loads, out.read_text().splitlines())
    assert begun == {
        "MOVINET_EVENT": "begin",
        "MOVINET_VIDEO": "$(reboot).mp4",
        "MOVINET_LABEL": "push up; rm -rf $HOME",
        "MOVINET_START": "1.500000",
        "MOVINET_END": "",
        "MOVINET_PEAK": "0.750000",
    }
    assert (ended["MOVINET_EVENT"], ended["MOVINET_END"]) == ("end", "4.000000")
    assert ended["MOVINET_LABEL"] == "push up\ufffd"
    assert said == []


def test_one_that_hangs_holds_nothing_up():
    said = []
    command = EventCommand(
        python("import time; time.sleep(60)"), say=said.append, most=2, patience=1
    )
    began = time.monotonic()
    for _ in range(5):
        command.event("a.mp4", BEGUN)
    assert time.monotonic() - began < 1
    assert len(said) == 1
    assert "2 runs of" in said[0]
    command.close()
    assert time.monotonic() - began < 5
    assert sum("was stopped: it ran for 1 s" in line for line in said) == 2
    assert "was not run for 3 events" in said[-1]


def test_what_it_has_started_is_stopped_with_it(tmp_path):
    script, out = tmp_path / "hang.sh", tmp_path / "out"
    script.write_text(f"while sleep 0.05; do echo x >> {out}; done &\nwait\n")
    said = []
    with EventCommand(f"sh {script}", say=said.append, patience=0.5) as command:
        command.event("a.mp4", BEGUN)
    assert len(said) == 1
    written = out.read_text()
    assert written
    time.sleep(0.3)
    assert out.read_text() == written


def test_who_waits_at_the_end_is_told_what_for(monkeypatch):
    monkeypatch.setattr(eventcommand, "_SILENCE", 0.1)
    said = []
    with EventCommand(python("import time; time.sleep(1)"), say=said.append) as command:
        command.event("door", BEGUN)
        command.event("door", ENDED)
    assert said == [
        f"waiting for 2 runs of {sys.executable} to end, at most 30 s; Ctrl-C stops them"
    ]


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_one_may_be_stopped_before_its_time(seconds):
    said = []
    began = time.monotonic()
    with EventCommand("sleep 60", say=said.append) as command:
        command.event("door", BEGUN)
        command.stop(seconds)
        command.stop(20)  # that is no longer
    assert seconds <= time.monotonic() - began < seconds + 2
    assert len(said) == 1
    assert said[0].startswith("sleep was stopped: it ran for ")


def test_ctrl_c_stops_what_is_waited_for(monkeypatch):
    def interrupted(seconds):
        monkeypatch.undo()
        raise KeyboardInterrupt

    said = []
    command = EventCommand("sleep 60", say=said.append)
    command.event("door", BEGUN)
    monkeypatch.setattr(eventcommand.time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command.close()
    assert len(said) == 1
    assert said[0].startswith("sleep was stopped")


def test_one_that_fails_is_told_of():
    said = []
    with EventCommand(python("raise SystemExit(3)"), say=said.append) as command:
        command.event("a.mp4", BEGUN)
    assert len(said) == 1
    assert "failed with status 3" in said[0]


def test_what_it_writes_may_be_listened_to():
    said, heard = [], []
    code = 'import sys; sys.stderr.write("one\\n" + "x" * 5000 + "\\nlast"); raise SystemExit(3)'
    with EventCommand(python(code), say=said.append, listen=heard.append) as command:
        command.event("a.mp4", BEGUN)
    assert [*map(len, heard)] == [3, 4096, 904, 4]
    assert (heard[0], heard[-1]) == ("one", "last")
    assert len(said) == 1


def test_what_it_writes_is_else_on_standard_error(capfd):
    with EventCommand("sh -c 'echo rang >&2'", say=print) as command:
        command.event("a.mp4", BEGUN)
    assert capfd.readouterr().err == "rang\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name a program"),
        ("  ", "cannot run '  ' on events: name a program"),
        ("no-such-program-here --x", "there is no such program"),
        ("'open", "No closing quotation"),
    ],
)
def test_no_command(text, said):
    with pytest.raises(UsageError, match=said):
        EventCommand(text, say=print)


def test_a_file_that_may_not_be_run(tmp_path):
    path = tmp_path / "tell.sh"
    path.write_text("#!/bin/sh\n")
    with pytest.raises(UsageError, match=r"tell.sh' on events: it may not be run: chmod \+x it"):
        EventCommand(str(path), say=print)
