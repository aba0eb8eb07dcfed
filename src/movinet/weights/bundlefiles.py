"""Finding a checkpoint's files: in a folder, a SavedModel or an archive, or named themselves."""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from movinet.errors import ModelError

INDEX = ".index"
_SHARD = re.compile(r"(.+)\.data-\d{5}-of-\d{5}")
_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_STATE = "checkpoint"  # the small text file that names a folder's latest checkpoint
_SAVED_MODEL = "saved_model.pb"
_VARIABLES = "variables"
_GZIP = b"\x1f\x8b"
# What tarfile raises for damaged archives is not documented; these were met or can be.
_DAMAGE = (ValueError, EOFError, OverflowError, MemoryError, tarfile.TarError, zlib.error)
# What an archive may unpack to in memory. The largest official network with all that its training
# keeps is half a gigabyte.
_MAX_UNPACKED = 1 << 31


class Files(ABC):
    """Some files by name, wherever they lie; a name is a relative path with slashes."""

    names: frozenset[str]

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """The file called `name`, which is one of `names`, to be read; seeking works."""


class _Folder(Files):
    """The files of a folder, and of the folder `variables` in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        variables = path / _VARIABLES
        found = [file.name for file in path.iterdir()]
        if variables.is_dir():
            found += [f"{_VARIABLES}/{file.name}" for file in variables.iterdir()]
        self.names = _visible(found)

    def open(self, name: str) -> BinaryIO:
        return (self._path / name).open("rb")


class _Archive(Files):
    """The files of a checkpoint in an archive, in memory: nothing is written anywhere."""

    def __init__(self, path: Path) -> None:
        self._contents: dict[str, bytes] = {}
        room = _MAX_UNPACKED
        with _open_archive(path) as archive:
            for member in archive:
                name = _member_name(member)
                if not member.isfile() or not _of_checkpoint(name):
                    continue
                room -= member.size
                # A sparse member's size says nothing of how much there is to read.
                if room < 0 or member.issparse():
                    raise ModelError("it unpacks to more than 2 GiB; unpack it and name a file")
                file = archive.extractfile(member)
                self._contents[name] = file.read() if file is not None else b""
        self.names = _visible(self._contents)

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self._contents[name])


def _open_archive(path: Path) -> tarfile.TarFile:
    """By what is in it: some browsers unpack a .tar.gz as they save it, and keep its name."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return tarfile.open(path, "r:gz" if zipped else "r:")


def _member_name(member: tarfile.TarInfo) -> str:
    return str(PurePosixPath(member.name))


def _visible(names: Iterable[str]) -> frozenset[str]:
    """Without what macOS puts beside each file in an archive."""
    return frozenset(n for n in names if not n.rpartition("/")[2].startswith("._"))


def _of_checkpoint(name: str) -> bool:
    base = name.rpartition("/")[2]
    return (
        base in (_STATE, _SAVED_MODEL) or base.endswith(INDEX) or _SHARD.fullmatch(base) is not None
    )


def is_archive(path: Path) -> bool:
    """Whether `path` is named as an archive that may hold a checkpoint."""
    return path.name.lower().endswith(_ARCHIVES)


def looks_like_checkpoint(path: Path) -> bool:
    """Whether `path` is, by names alone, a checkpoint, a SavedModel or an archive of one."""
    try:
        if path.is_dir():
            return any(_tells(name) for name in _Folder(path).names)
        if not path.is_file():
            return path.with_name(path.name + INDEX).is_file() if path.name else False
        if is_archive(path):
            with _open_archive(path) as archive:
                return any(_tells(_member_name(member)) for member in archive)
        if path.name == _STATE:
            with path.open("rb") as file:
                return file.read(64).lstrip().startswith(b"model_checkpoint_path")
        return _tells(path.name)
    except (OSError, *_DAMAGE):
        return False


def _tells(name: str) -> bool:
    return _of_checkpoint(name) and name.rpartition("/")[2] != _STATE


def find_checkpoint(path: Path) -> tuple[Files, str]:
    """The files among which the checkpoint at `path` lies, and its prefix among them.

    `path` is a prefix such as `folder/ckpt-1`, one of its files, a folder, a SavedModel's folder,
    or an archive of any of these.

    Raises:
        ModelError: there is no checkpoint, or more than one.
        OSError: a file or folder cannot be read.
    """
    if path.is_dir():
        files: Files = _Folder(path)
        return files, _prefix(files)
    if path.is_file() and is_archive(path):
        try:
            files = _Archive(path)
        except _DAMAGE as error:
            raise ModelError(f"the archive is damaged or cut short ({error})") from error
        return files, _prefix(files)
    if not path.parent.is_dir():
        raise ModelError("there is no such file")
    files = _Folder(path.parent)
    if path.name in (_STATE, _SAVED_MODEL) and path.is_file():
        return files, _prefix(files)
    shard = _SHARD.fullmatch(path.name)
    prefix = shard[1] if shard else path.name.removesuffix(INDEX)
    if prefix + INDEX not in files.names:
        raise ModelError(
            f"there is no {prefix + INDEX}, which says what is in a TensorFlow checkpoint"
        )
    return files, prefix


def _prefix(files: Files) -> str:
    """The prefix of the one checkpoint among `files`."""
    prefixes = sorted(n.removesuffix(INDEX) for n in files.names if n.endswith(INDEX))
    if not prefixes:
        raise ModelError(
            "there is no TensorFlow checkpoint in it: no .index file"
            + (f", nor {_VARIABLES}/variables{INDEX}" if _SAVED_MODEL in files.names else "")
        )
    folders = {prefix.rpartition("/")[0] for prefix in prefixes}
    if len(folders) == 1:
        folder = "".join(f"{name}/" for name in folders if name)
        latest = folder + _latest(files, folder + _STATE)
        if latest in prefixes:
            return latest
    if len(prefixes) > 1:
        raise ModelError(f"it holds several checkpoints ({', '.join(prefixes)}): name one of them")
    return prefixes[0]


def _latest(files: Files, name: str) -> str:
    """The checkpoint that the state file `name` names, without its folder; or nothing."""
    if name not in files.names:
        return ""
    with files.open(name) as file:
        text = file.read(1 << 16).decode("utf-8", errors="replace")
    said = re.search(r'^\s*model_checkpoint_path:\s*"([^"]*)"', text, re.MULTILINE)
    return re.split(r"[/\\]", said[1])[-1] if said else ""
