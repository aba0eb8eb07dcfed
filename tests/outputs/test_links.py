"""Names that are links: the link stays, and what it leads to is written."""

from __future__ import annotations

import os

import numpy as np
import pytest

from movinet.errors import OutputError
from movinet.models.wholefile import check_writable
from movinet.models.wholefile import write_whole as write_model
from movinet.outputs.beside import beside, write_whole
from movinet.outputs.embeddings import Embeddings
from movinet.outputs.textfile import TextOutput
from movinet.synthetic.sheet import write_picture


def write_text(path):
    output = TextOutput(path)
    output.write("new")
    output.close()


def write_rows(path):
    Embeddings(path).close()


def write_parquet(path):
    pytest.importorskip("pyarrow")
    from movinet.outputs.parquet import Parquet

    Parquet(path).close()


WRITERS = {
    "text": write_text,
    "whole": lambda path: write_whole(path, "new"),
    "model": lambda path: write_model(path, b"new"),
    "rows": write_rows,
    "parquet": write_parquet,
    "picture": lambda path: write_picture(path, np.zeros((8, 8, 3), np.uint8)),
}
each = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


@each
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one(tmp_path, write, there):
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "file.png"
    if there:
        target.write_text("older")
    (tmp_path / "second.png").symlink_to("far/file.png")
    link = tmp_path / "link.png"
    link.symlink_to("second.png")
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() not in (b"", b"older")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "far",
        "file.png",
        "link.png",
        "second.png",
    ]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc here")  # noqa: PTH112
@pytest.mark.parametrize("name", ["text", "whole", "model", "rows", "parquet"])
def test_what_is_reached_through_proc_is_written_to_as_it_is(tmp_path, name):
    """As /dev/stdout is, when standard output is a file."""
    target = tmp_path / "out"
    with target.open("wb") as file:
        file.write(b"before ")
        file.flush()
        link = tmp_path / "stdout"
        link.symlink_to(f"/proc/self/fd/{file.fileno()}")
        WRITERS[name](link)
        assert os.fstat(file.fileno()).st_ino == target.stat().st_ino
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"before ")
    assert len(target.read_bytes()) > len("before ")
    assert len(list(tmp_path.iterdir())) == 2


@each
def test_links_in_a_circle(tmp_path, write):
    link = tmp_path / "a.png"
    link.symlink_to("a.png")
    with pytest.raises(OutputError, match=r"a\.png"):
        write(link)
    assert link.is_symlink()


def test_a_link_into_a_folder_that_is_not_there(tmp_path):
    link = tmp_path / "a.csv"
    link.symlink_to("none/a.csv")
    with pytest.raises(OutputError, match=r"a\.csv: there is no folder .*none$"):
        check_writable(link)


def test_a_name_that_no_disk_takes_is_found_out_first(tmp_path):
    with pytest.raises(OutputError, match="too long"):
        check_writable(tmp_path / f"{'x' * 300}.csv")


def test_an_error_leaves_the_link_and_what_it_leads_to(tmp_path):
    (tmp_path / "a.csv").write_text("older")
    link = tmp_path / "link.csv"
    link.symlink_to("a.csv")

    def write():
        with beside(link) as place:
            place.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert link.read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("write", [write_text, lambda path: write_whole(path, "new")])
def test_no_file_is_made_where_devices_are(write):
    with pytest.raises(OutputError, match=r"cannot write /proc/made\.txt: No such file"):
        write("/proc/made.txt")
