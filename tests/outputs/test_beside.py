"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from kit import child
from movinet.errors import OutputError, UsageError
from movinet.outputs.beside import beside, write_whole


def test_a_file_gets_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("older")
    with beside(path) as place:
        place.write_text("newer")
        assert place.name.startswith(".")
        assert path.read_text() == "older"
    assert path.read_text() == "newer"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_older_one(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("older")

    def write():
        with beside(path) as place:
            place.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_system_refuses(tmp_path):
    def refused():
        with beside(tmp_path / "a.txt"):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"^cannot write .*a\.txt: No space left on device$"):
        refused()
    with pytest.raises(OutputError, match="there is no folder"):
        write_whole(tmp_path / "none" / "a.txt", "")
    with pytest.raises(UsageError, match="it is a folder; name a file in it"):
        write_whole(tmp_path, "")


def test_text_and_bytes(tmp_path):
    write_whole(tmp_path / "a", "달\r\n\udcff")
    assert (tmp_path / "a").read_bytes() == "달\r\n".encode() + b"\xff"
    write_whole(tmp_path / "a", b"\x00")
    assert (tmp_path / "a").read_bytes() == b"\x00"


_REFUSED = """
import os, sys
from movinet.errors import OutputError
from movinet.outputs.beside import check_place

if os.getuid() == 0:  # root may write anywhere
    os.setuid(65534)
for folder in ("closed", "hidden"):
    try:
        check_place(f"{sys.argv[1]}/{folder}/a.csv")
    except OutputError as error:
        print(error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_a_folder_that_lets_nobody_write_is_noticed_before_the_work():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        for name, mode in (("closed", 0o555), ("hidden", 0)):
            Path(folder, name).mkdir()
            Path(folder, name).chmod(mode)
        done = child.python(_REFUSED, folder)
    assert done.stdout.decode().splitlines() == [
        f"cannot write {folder}/{name}/a.csv: Permission denied" for name in ("closed", "hidden")
    ]
