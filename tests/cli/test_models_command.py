from __future__ import annotations

import io
import json
import sys
import types

import pytest
from click.testing import CliRunner

import movinet.models
from movinet.cli.models import get, models
from movinet.errors import DownloadError, UsageError
from movinet.models import catalogue
from movinet.models.catalogue import CatalogueEntry, entries, find
from movinet.models.download import sha256_of

UNVERIFIED = CatalogueEntry(
    name="a9-stream-k600-float32",
    variant="a9",
    form="stream",
    data="kinetics-600",
    kind="tflite",
    url="https://example.org/a9.tflite",
    filename="a9.tflite",
    licence="Apache-2.0",
    origin="a test",
    note="with [brackets] in its note",
)


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """A cache that is empty, a mirror with one file, and a catalogue with one entry more."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "a9.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3 and so on")
    monkeypatch.setenv("MOVINET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MOVINET_MIRROR", str(folder))
    monkeypatch.setenv("MOVINET_OFFLINE", "1")
    known = (*entries(), UNVERIFIED)
    monkeypatch.setattr(catalogue, "entries", lambda: known)
    monkeypatch.setattr("movinet.cli.models.entries", lambda: known)


def run(*arguments: str):
    result = CliRunner().invoke(models, arguments)
    assert result.exception is None, result.exception
    assert result.exit_code == 0
    return result


def error_of(*arguments: str) -> BaseException:
    result = CliRunner().invoke(models, arguments)
    assert result.stdout == ""
    return result.exception


def test_list_shows_a_line_for_each_entry():
    lines = run("list").stdout.splitlines()
    assert len(lines) == 1 + len(entries()) + 1
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows["a0-lite-k600-int8"] == ["tflite", "3.3", "MB", "65.04", "sha256"]
    assert rows["a0-base-k600"] == ["checkpoint", "~12", "MB", "72.28", "90.92", "unverified"]
    assert rows["a2-stream-k600-pytorch"] == ["pytorch", "git", "blob"]
    assert rows["kinetics-600-labels"] == ["labels", "9.2", "kB", "sha256"]


def test_list_says_what_is_in_the_cache():
    run("get", UNVERIFIED.name)
    cached = [line for line in run("list").stdout.splitlines() if line.split()[-1] == "yes"]
    assert [line.split()[0] for line in cached] == [UNVERIFIED.name]


def test_list_as_json_is_one_entry_a_line(tmp_path):
    run("get", UNVERIFIED.name)
    read = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [entry["name"] for entry in read] == [*(e.name for e in entries()), UNVERIFIED.name]
    assert read[0]["cached"] is None
    assert read[0]["verified"] is True
    assert read[-1]["cached"] == str(tmp_path / "cache" / "a9.tflite")
    assert read[-1]["verified"] is False


def test_list_may_be_narrowed():
    lines = run("list", "--json", "--kind", "pytorch", "--form", "stream").stdout.splitlines()
    names = [json.loads(line)["name"] for line in lines]
    assert names == [f"a{number}-stream-k600-pytorch" for number in range(3)]


def test_get_prints_the_path_and_what_nobody_verified(tmp_path):
    result = run("get", UNVERIFIED.name)
    path = tmp_path / "cache" / "a9.tflite"
    assert result.stdout == f"{path}\n"
    assert path.read_bytes() == (tmp_path / "mirror" / "a9.tflite").read_bytes()
    assert "unverified" in result.stderr
    assert sha256_of(path) in result.stderr
    assert run("get", UNVERIFIED.name).stdout == f"{path}\n"


def test_get_of_a_checked_file_says_nothing_more(tmp_path):
    entry = find("kinetics-600-labels")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / entry.filename).write_text("checked when it came")
    result = run("get", entry.name)
    assert result.stdout == f"{tmp_path / 'cache' / entry.filename}\n"
    assert result.stderr == ""


def test_get_shows_a_bar_on_a_terminal_only(tmp_path, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    get.callback(UNVERIFIED.name)
    assert capsys.readouterr().out == f"{tmp_path / 'cache' / 'a9.tflite'}\n"
    assert UNVERIFIED.name in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()


def test_get_of_what_cannot_be_had_fails():
    error = error_of("get", "a0-lite-k600-int8")
    assert isinstance(error, DownloadError)
    assert "movinet_a0_stream_k600_int8.tflite" in str(error)


def test_path_prints_and_downloads_not(tmp_path):
    path = tmp_path / "cache" / "a9.tflite"
    error = error_of("path", UNVERIFIED.name)
    assert isinstance(error, DownloadError)
    assert str(path) in str(error)
    assert f"movinet models get {UNVERIFIED.name}" in str(error)
    assert not path.exists()
    run("get", UNVERIFIED.name)
    result = run("path", UNVERIFIED.name)
    assert (result.stdout, result.stderr) == (f"{path}\n", "")


@pytest.mark.parametrize("command", ["get", "path", "show"])
def test_an_unknown_name_is_wrong_usage(command):
    error = error_of(command, "a0-lite-k6000-int8")
    assert isinstance(error, UsageError)
    assert "did you mean a0-lite-k600-int8?" in str(error)


def test_show_prints_an_entry():
    entry = find("a0-lite-k600-int8")
    text = run("show", entry.name).stdout
    for part in (entry.sha256, entry.url, entry.note, entry.licence, "65.04 %", "3276048 bytes"):
        assert part in text
    assert "unverified" not in text


def test_show_prints_brackets_as_they_stand():
    assert UNVERIFIED.note in run("show", UNVERIFIED.name).stdout


def test_show_tells_the_hash_of_the_first_download(tmp_path):
    assert "unverified" in run("show", UNVERIFIED.name).stdout
    run("get", UNVERIFIED.name)
    text = run("show", UNVERIFIED.name).stdout
    assert sha256_of(tmp_path / "cache" / "a9.tflite") in text
    assert "unverified" in text


def test_show_as_json_is_one_line():
    text = run("show", "a0-lite-k600-int8", "--json").stdout
    assert text.count("\n") == 1
    assert json.loads(text)["accuracy"] == {
        "top1": 65.04,
        "top5": None,
        "protocol": "Kinetics-600; TensorFlow Hub collection page",
    }


@pytest.fixture
def described(monkeypatch):
    """Stand-ins for reading and printing a file's contract; the paths that were read."""
    read = []

    class Info:
        contract = "movinet.json"

        def __init__(self, path) -> None:
            self.name = path.name
            read.append(path)

        def to_dict(self):
            return {"name": self.name}

    printer = types.ModuleType("movinet.outputs.modelinfo")
    printer.print_info = lambda info: print(f"the contract of {info.name}")
    monkeypatch.setattr(movinet.models, "read_info", Info, raising=False)
    monkeypatch.setitem(sys.modules, "movinet.outputs.modelinfo", printer)
    return read


@pytest.mark.parametrize("name", ["model.tflite", "춤 'n' 🕺.tflite", "no suffix"])
def test_show_describes_a_file(described, tmp_path, name):
    path = tmp_path / name
    path.touch()
    assert run("show", str(path)).stdout == f"the contract of {name}\n"
    assert json.loads(run("show", str(path), "--json").stdout) == {"name": name}
    assert described == [path, path]


def test_show_takes_a_file_beside_it_and_one_that_is_missing_as_files(
    described, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").touch()
    assert "the contract of mine" in run("show", "mine").stdout
    assert "the contract of missing.tflite" in run("show", "missing.tflite").stdout
