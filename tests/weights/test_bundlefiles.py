"""Where a checkpoint is looked for: folders, SavedModels, archives, its own files."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.damage import DAMAGE, SMALL, attempt, damaged, error_of, read, same
from kit.tensorbundle import write_bundle
from movinet.weights.bundlefiles import looks_like_checkpoint
from movinet.weights.tensorbundle import open_bundle


def archive(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def files_of(prefix: Path, folder: str = "") -> dict[str, bytes]:
    return {folder + p.name: p.read_bytes() for p in prefix.parent.glob(prefix.name + ".*")}


def check_found(source: Path) -> None:
    assert looks_like_checkpoint(source)
    assert same(read(source), SMALL)


@pytest.mark.parametrize("end", ["", ".index", ".data-00000-of-00002", ".data-00001-of-00002"])
def test_by_prefix_or_by_any_of_its_files(ckpt, end):
    check_found(ckpt.with_name(ckpt.name + end))


def test_by_its_folder(ckpt):
    check_found(ckpt.parent)


@pytest.mark.parametrize("named", ["ckpt-1", "/home/somebody/run/ckpt-1", "C:\\\\run\\\\ckpt-1"])
def test_the_state_file_says_which(ckpt, named):
    other = {key: value * 2 for key, value in SMALL.items()}
    write_bundle(ckpt.with_name("ckpt-0"), other)
    said = error_of(ckpt.parent)
    assert "ckpt-0, ckpt-1" in said
    state = ckpt.with_name("checkpoint")
    state.write_text(f'model_checkpoint_path: "{named}"\nall_model_checkpoint_paths: "ckpt-0"\n')
    check_found(ckpt.parent)
    check_found(state)
    state.write_text('model_checkpoint_path: "ckpt-9"\n')
    assert "ckpt-0, ckpt-1" in error_of(ckpt.parent)


def test_a_state_file_that_names_another_does_not_matter_where_there_is_one(ckpt):
    ckpt.with_name("checkpoint").write_text('model_checkpoint_path: "model.ckpt"\n')
    check_found(ckpt.parent)


def test_a_saved_model(tmp_path):
    prefix = write_bundle(tmp_path / "saved" / "variables" / "variables", SMALL)
    model = prefix.parent.with_name("saved_model.pb")
    model.write_bytes(b"\x08\x01")
    for source in (model.parent, model, prefix.parent, prefix, prefix.with_name("variables.index")):
        check_found(source)
        with open_bundle(source) as bundle:
            assert bundle.in_saved_model


@pytest.mark.parametrize(
    ("name", "mode"), [("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar", "w"), ("a.TAR.GZ", "w")]
)
@pytest.mark.parametrize("folder", ["", "movinet_a0_stream/", "./x/y/"])
def test_an_archive(tmp_path, ckpt, name, mode, folder):
    files = {
        f"{folder}checkpoint": b'model_checkpoint_path: "ckpt-1"\n',
        f"{folder}._ckpt-1.index": b"macOS",
        f"{folder}README": b"?",
        **files_of(ckpt, folder),
    }
    check_found(archive(tmp_path / name, files, mode))


def test_an_archive_of_a_saved_model(tmp_path):
    prefix = write_bundle(tmp_path / "s" / "variables" / "variables", SMALL)
    files = {"./saved_model.pb": b"", **files_of(prefix, "./variables/")}
    check_found(archive(tmp_path / "m.tar.gz", files))


def test_an_archive_of_several(tmp_path, ckpt):
    files = {**files_of(ckpt, "one/"), **files_of(ckpt, "two/")}
    assert "one/ckpt-1, two/ckpt-1" in error_of(archive(tmp_path / "m.tar", files, "w"))


def test_an_archive_writes_nothing(tmp_path, ckpt):
    files = {f"../../{name}": data for name, data in files_of(ckpt).items()}
    path = archive(ckpt.parent / "m.tar.gz", files)
    before = sorted(tmp_path.rglob("*"))
    check_found(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_that_unpacks_to_too_much(tmp_path):
    info = tarfile.TarInfo("x.index")
    info.size = 1 << 40
    (tmp_path / "m.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(9999)))
    assert "more than 2 GiB" in error_of(tmp_path / "m.tar.gz")


def test_what_is_no_checkpoint(tmp_path):
    for name in ("model.tflite", "weights.pt", "labels.txt", "checkpoint", "x.tar.gz", "x.tar"):
        (tmp_path / name).write_bytes(b"something else")
        assert not looks_like_checkpoint(tmp_path / name)
    assert not looks_like_checkpoint(tmp_path)
    assert not looks_like_checkpoint(tmp_path / "missing")
    assert not looks_like_checkpoint(Path("/"))
    assert not looks_like_checkpoint(archive(tmp_path / "y.tar", {"weights.pt": b"?"}, "w"))


def test_nothing_there(tmp_path):
    assert "there is no x.index" in error_of(tmp_path / "x")
    assert "there is no such file" in error_of(tmp_path / "no" / "x")
    assert "no .index file" in error_of(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert "variables/variables.index" in error_of(tmp_path)


def test_a_folder_named_as_an_index(tmp_path):
    (tmp_path / "x.index").mkdir()
    assert "cannot read" in error_of(tmp_path / "x")


@given(DAMAGE, st.booleans())
@settings(max_examples=200)
def test_damage_in_an_archive(damage, zipped):
    with tempfile.TemporaryDirectory() as folder:
        prefix = write_bundle(Path(folder) / "x", SMALL)
        path = archive(Path(folder) / "a.tar.gz", files_of(prefix), "w:gz" if zipped else "w")
        path.write_bytes(damaged(path.read_bytes(), damage))
        looks_like_checkpoint(path)
        attempt(path, SMALL)
