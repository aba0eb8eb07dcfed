"""Clips are decoded once, and what is in the cache is what was in the videos."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frames.videos import number_of, write_video
from movinet.datasets import cache, decoding
from movinet.datasets.cache import cache_clips, clips_folder, stored_size
from movinet.datasets.dataset import Dataset, read_dataset
from movinet.datasets.lengths import typical_seconds
from movinet.errors import OutputError, SourceError, UsageError
from movinet.evaluation.labelled import LabelledVideo
from movinet.frames import Resizer, open_source


def files_in(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def test_what_is_in_it(folder, cached):
    assert len(cached) == 5
    assert cached.labels == ("down", "up")
    assert cached.targets == (0, 0, 1, 1, 1)
    assert [cached.frames(n) for n in range(5)] == [5, 15, 10, 20, 30]
    assert not cached.unreadable
    clip = cached.clip(2)
    assert isinstance(clip, np.memmap)
    assert clip.shape == (10, 40, 40, 3)
    assert clip.dtype == np.uint8
    assert not clip.flags.writeable
    assert [number_of(image) for image in clip] == list(range(10))
    # By the resize rule of streams, to the bit.
    resizer = Resizer(40, 40)
    with open_source(folder / "up/a.mp4") as source:
        for kept, frame in zip(clip, source, strict=True):
            assert (kept == resizer(frame.image)).all()


def test_nothing_is_decoded_twice(folder, tmp_path, monkeypatch):
    data = read_dataset(folder)
    seen = []
    first = cache_clips(
        data,
        fps=5,
        size=16,
        folder=tmp_path,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[0] == (0, 5)
    assert seen[-1] == (5, 5)
    assert seen == sorted(seen)
    monkeypatch.setattr(cache, "decode_into", lambda *_, **__: pytest.fail("decoded"))
    again = cache_clips(data, fps=5, size=16, folder=tmp_path)
    assert again == first
    # A copy elsewhere, under another name and label, is the same clip.
    shutil.copy(folder / "up/a.mp4", tmp_path / "copy.mp4")
    copied = Dataset((LabelledVideo(str(tmp_path / "copy.mp4"), "x"),), ("x",))
    assert cache_clips(copied, fps=5, size=16, folder=tmp_path).files[0] in first.files


def test_settings_have_files_of_their_own(folder, tmp_path):
    clip = LabelledVideo(str(folder / "up/c.mp4"), "up")
    data = Dataset((clip, replace(clip, start=1), replace(clip, start=1, end=2.0)), ("up",))
    cached = cache_clips(data, fps=10, size=40, folder=tmp_path)
    numbers = [[number_of(image) - 80 for image in cached.clip(n)] for n in range(3)]
    assert numbers == [list(range(30)), list(range(10, 30)), list(range(10, 20))]
    slow = cache_clips(data, fps=5, size=40, folder=tmp_path)
    assert [number_of(image) - 80 for image in slow.clip(0)] == list(range(0, 30, 2))
    cache_clips(data, fps=5, size=41, folder=tmp_path)
    assert len(files_in(tmp_path)) == 9


def test_clips_that_cannot_be_read(folder, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    names = ("text", "empty", "folder", "gone", "a\0b", "pipe")
    paths = [str(tmp_path / f"{name}.mp4") for name in names]
    good = LabelledVideo(str(folder / "up/a.mp4"), "up")
    clips = [*(LabelledVideo(path, "up") for path in paths), good, replace(good, start=9, end=10)]
    cached = cache_clips(Dataset(tuple(clips), ("up",)), fps=5, size=8, folder=tmp_path / "cache")
    assert cached.dataset.clips == (good,)
    reasons = {clip.path: reason for clip, reason in cached.unreadable}
    assert [clip for clip, _ in cached.unreadable] == [*clips[:6], clips[7]]
    assert all("\n" not in reason for reason in reasons.values())
    assert "not a video" in reasons[paths[0]]
    assert "the file is empty" in reasons[paths[1]]
    assert "irectory" in reasons[paths[2]]
    assert reasons[paths[3]].endswith("gone.mp4: no such file")
    assert "null" in reasons[paths[4]]
    assert "it is a pipe" in reasons[paths[5]]
    assert reasons[good.path].endswith("it has no picture from 9 s to 10 s")
    assert len(files_in(tmp_path / "cache")) == 1


def test_each_of_two_broken_files_that_hold_the_same_is_named(tmp_path):
    paths = [str(tmp_path / f"{name}.mp4") for name in ("one", "two")]
    for path in paths:
        Path(path).touch()
    clips = tuple(LabelledVideo(path, "up") for path in paths)
    cached = cache_clips(Dataset(clips, ("up",)), fps=5, size=8, folder=tmp_path / "cache")
    assert [(clip.path, clip.path in reason) for clip, reason in cached.unreadable] == [
        (path, True) for path in paths
    ]


def test_no_space_left(folder, tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file
            self.left = 3

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.file.write(data)

    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, *a, **k: (
            Full(opened(path, *a, **k)) if path.suffix == ".part" else opened(path, *a, **k)
        ),
    )
    with pytest.raises(OutputError, match=r"No space left on device; choose .* --cache$") as caught:
        cache_clips(read_dataset(folder), fps=10, size=16, folder=tmp_path)
    assert str(tmp_path) in str(caught.value)
    monkeypatch.undo()
    assert not files_in(tmp_path)
    assert len(cache_clips(read_dataset(folder), fps=10, size=16, folder=tmp_path)) == 5


def test_a_folder_that_cannot_be(folder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot make the cache folder .*file"):
        cache_clips(read_dataset(folder), fps=5, size=8, folder=tmp_path / "file")


def test_another_version(folder, tmp_path, monkeypatch):
    data = read_dataset(folder)
    old = cache_clips(data, fps=5, size=8, folder=tmp_path)
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    new = cache_clips(data, fps=5, size=8, folder=tmp_path)
    assert not {*old.files} & {*new.files}
    assert all(file.exists() for file in (*old.files, *new.files))


def test_a_damaged_file_is_made_again(folder, tmp_path):
    data = read_dataset(folder)
    first = cache_clips(data, fps=5, size=8, folder=tmp_path)
    whole = [file.read_bytes() for file in first.files]
    first.files[0].write_bytes(whole[0][:-1])
    first.files[1].write_bytes(b"")
    first.files[2].unlink()
    with pytest.raises(SourceError, match="the cache was changed while it was in use"):
        first.clip(2)
    cache_clips(data, fps=5, size=8, folder=tmp_path)
    assert [file.read_bytes() for file in first.files] == whole


def test_a_run_that_is_killed(folder, tmp_path):
    """However often it is killed, no half clip has a name, and it ends in the same files."""
    code = (
        "import sys\n"
        "from movinet.datasets.cache import cache_clips\n"
        "from movinet.datasets.dataset import read_dataset\n"
        "cache_clips(read_dataset(sys.argv[1]), fps=10, size=200, folder=sys.argv[2], workers=2,\n"
        "            progress=lambda done, total: print(done, flush=True))\n"
    )
    place = tmp_path / "cache"
    for wait in (0.0, 0.01, 0.05):
        command = [sys.executable, "-c", code, str(folder), str(place)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
            run.stdout.readline()
            time.sleep(wait)
            run.send_signal(signal.SIGKILL)
    data = read_dataset(folder)
    after = cache_clips(data, fps=10, size=200, folder=place)
    clean = cache_clips(data, fps=10, size=200, folder=tmp_path / "clean")
    assert [f.read_bytes() for f in after.files] == [f.read_bytes() for f in clean.files]


def test_what_killed_runs_leave_is_swept_out(folder, tmp_path):
    data = read_dataset(folder)
    first = cache_clips(data, fps=5, size=8, folder=tmp_path)
    old, young = (first.files[0].with_name(f".{name}.part") for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (1, 1))
    cache_clips(data, fps=5, size=8, folder=tmp_path)
    assert not old.exists()
    assert young.exists()


def test_two_at_once(folder, tmp_path):
    data = read_dataset(folder)
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(cache_clips(data, fps=10, size=64, folder=tmp_path))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers[0] == answers[1]
    assert len(files_in(tmp_path)) == 5


def test_it_stops_when_asked(folder, tmp_path):
    stop = threading.Event()
    stop.set()
    clip = LabelledVideo(str(folder / "up/a.mp4"), "up")
    with pytest.raises(decoding.Stopped):
        decoding.decode_into(tmp_path / "x", clip, fps=5, size=8, stop=stop)
    assert not files_in(tmp_path)

    def interrupt(done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache_clips(read_dataset(folder), fps=5, size=8, folder=tmp_path, progress=interrupt)


def test_pictures_that_are_not_square(tmp_path):
    write_video(tmp_path / "wide.mp4", 3, size=(128, 48))
    data = Dataset((LabelledVideo(str(tmp_path / "wide.mp4"), "x"),), ("x",))
    assert cache_clips(data, fps=30, size=48, folder=tmp_path).clip(0).shape == (3, 48, 48, 3)


def test_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("MOVINET_CACHE", str(tmp_path))
    assert clips_folder() == tmp_path / "clips" / f"v{cache.VERSION}"
    assert clips_folder("here") == Path("here") / f"v{cache.VERSION}"
    assert stored_size(172) == 196


def test_some_of_the_clips(cached):
    some = cached.select([4, 0])
    assert [some.frames(n) for n in range(2)] == [30, 5]
    assert some.targets == (1, 0)


@pytest.mark.parametrize("wrong", [{"fps": 0}, {"size": 0}, {"workers": 0}])
def test_numbers_that_make_no_sense(folder, tmp_path, wrong):
    with pytest.raises(UsageError):
        cache_clips(read_dataset(folder), **{"fps": 5, "size": 8, "folder": tmp_path, **wrong})


def test_fewer_pictures_of_the_same_clips(folder, tmp_path):
    """Every third of thirty a second, from the first on; nothing is decoded again."""
    fine = cache_clips(read_dataset(folder), fps=15, size=8, folder=tmp_path)
    thin = fine.thinned(3)
    assert thin.fps == 5
    assert thin.targets == fine.targets
    for index in range(len(fine)):
        assert thin.frames(index) == -(-fine.frames(index) // 3) == len(thin.clip(index))
        np.testing.assert_array_equal(thin.clip(index), fine.clip(index)[::3])
        np.testing.assert_array_equal(thin.thinned(2).clip(index), fine.clip(index)[::6])


def test_how_long_clips_are(folder, tmp_path):
    dataset = read_dataset(folder)
    seconds = typical_seconds(dataset)
    lengths = sorted(float(open_source(clip.path).duration) for clip in dataset.clips)
    assert lengths[0] <= seconds <= lengths[-1]
    part = dataset.of(replace(clip, start=0.25, end=0.75) for clip in dataset.clips)
    assert typical_seconds(part) == 0.5
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    broken = dataset.of(replace(clip, path=str(tmp_path / "broken.mp4")) for clip in dataset.clips)
    assert typical_seconds(broken) is None
