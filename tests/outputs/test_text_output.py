"""Where lines go: beside the file first, then under its name; or straight to a device."""

from __future__ import annotations

import io
import os
import sys

import pytest

from kit import child
from kit.marks import full_disk
from movinet.errors import OutputError, UsageError
from movinet.outputs.jsonlines import JsonLines
from movinet.outputs.textfile import TextOutput, printable


def test_a_file_gets_its_name_at_the_end(tmp_path):
    path = tmp_path / "out.txt"
    output = TextOutput(path)
    output.write("one\n")
    assert not path.exists()
    (beside,) = tmp_path.iterdir()
    assert beside.read_text() == "one\n"  # what is said is out
    output.write("two\n")
    output.close()
    assert path.read_text() == "one\ntwo\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.txt"]


def test_an_older_file_stays_whole_until_then(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("older")
    output = TextOutput(str(path))
    output.write("newer")
    assert path.read_text() == "older"
    output.close()
    assert path.read_text() == "newer"


def test_the_text_is_written_as_it_is(tmp_path):
    output = TextOutput(tmp_path / "out.txt")
    output.write("달리기 🏃\r\n\n")
    output.close()
    assert (tmp_path / "out.txt").read_bytes() == "달리기 🏃\r\n\n".encode()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UsageError, match=r"it is a folder; name a file in it$"):
        TextOutput(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match=r"^cannot write .*out\.txt: there is no folder .*none$"):
        TextOutput(tmp_path / "none" / "out.txt")


@pytest.mark.filterwarnings("error")
@full_disk
def test_a_full_disk():
    output = TextOutput("/dev/full")
    with pytest.raises(OutputError, match=r"^cannot write /dev/full: No space left on device$"):
        output.write("x")
    with pytest.raises(OutputError, match="No space left"):
        output.close()
    output.close()


@full_disk
def test_a_full_disk_in_a_with_statement():
    def write():
        with JsonLines("/dev/full") as out:
            out.error("v", "no")

    with pytest.raises(OutputError, match=r"^cannot write /dev/full: No space left on device$"):
        write()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_directly(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    output = TextOutput(path)
    output.write("through\n")
    assert os.read(reader, 100) == b"through\n"
    output.close()
    os.close(reader)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_that_nobody_reads(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    output = TextOutput(path)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        output.write("x")
    with pytest.raises(OutputError, match="Broken pipe"):
        output.close()


_TOO_LARGE = """
import resource, signal, sys
from movinet.errors import OutputError
from movinet.outputs.textfile import TextOutput

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
output = TextOutput(sys.argv[1])
try:
    output.write("one\\n")
    output.write("two\\n")
except OutputError:
    pass
try:
    output.close()
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [0, 4])
def test_no_room_for_all_of_it(tmp_path, limit):
    """What there was room for is kept, and said; an older file stays as it is."""
    pytest.importorskip("resource")
    path, beside = tmp_path / "o.csv", tmp_path / ".o.csv.part"
    path.write_text("older")
    said = child.python(_TOO_LARGE, path, str(limit)).stdout.decode().strip()
    assert path.read_text() == "older"
    if limit:
        assert said == (
            f"cannot write {path}: File too large; what there was room for is in {beside}"
        )
        assert beside.read_text() == "one\n"
    else:
        assert said == f"cannot write {path}: File too large"
        assert not beside.exists()


_TO_STDOUT = """
from movinet.outputs.jsonlines import JsonLines
import os

with JsonLines() as out:
    try:
        for number in range(100_000):
            out.error(str(number), "a line")
    except BrokenPipeError:
        os.write(2, b"broken pipe")
        os._exit(0)
"""


def test_standard_output_that_nobody_reads():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = child.python(_TO_STDOUT, check=False, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"broken pipe")


def test_standard_output_stays_open(capsys):
    output = TextOutput(None)
    output.write("one\n")
    output.close()
    print("two")
    assert capsys.readouterr().out == "one\ntwo\n"


def test_letters_that_a_terminal_does_not_know(monkeypatch):
    """Windows redirects to a code page that has neither bars nor Korean."""
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, "cp1252", newline=""))
    output = TextOutput(None)
    output.write("café ━ 달\n")
    assert held.getvalue() == "café \\u2501 \\ub2ec\n".encode("cp1252")


def test_printable():
    plain = io.TextIOWrapper(io.BytesIO(), "utf-8")
    assert printable("달 ━ 🏃", plain) == "달 ━ 🏃"
    assert printable("caf\udce9", plain) == "caf\\udce9"
    assert printable("é", io.TextIOWrapper(io.BytesIO(), "ascii")) == "\\xe9"
