"""Folders of clips: balanced, listed, gone on with after a break."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from movinet.errors import OutputError, UsageError
from movinet.synthetic import (
    LABELS,
    contact_sheet,
    plan_clips,
    render_clip,
    write_clips,
    write_picture,
)

SMALL = {"size": 48, "fps": 5, "seconds": 1}
THREE = ("squat", "waving hand", "standing or walking")


def frames(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_labels_are_balanced_whatever_the_number():
    for clips in (29, 30, 57, 100):
        counts = Counter(clip.label for clip in plan_clips(clips, 1))
        assert sum(counts.values()) == clips
        assert counts.keys() == set(LABELS)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_neighbouring_seeds_share_no_clip():
    first, second = ({c.seed for c in plan_clips(100, seed, ["squat"])} for seed in (1, 2))
    assert not first & second
    assert len(first) == 100


def test_folders_list_and_pixels(tmp_path):
    written = write_clips(tmp_path, 7, 3, THREE, **SMALL)
    text = (tmp_path / "clips.csv").read_text("utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    assert [line["path"] for line in lines] == [clip.path for clip in written]
    assert lines[0] == {"path": "squat/000000.mp4", "label": "squat", "seed": "3000000"}
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert there == {"clips.csv", *(line["path"] for line in lines)}
    for line in lines:
        shown = frames(tmp_path / line["path"])
        drawn = render_clip(line["label"], int(line["seed"]), **SMALL)
        assert shown.shape == drawn.shape == (5, 48, 48, 3)
        assert np.abs(shown.astype(int) - drawn).mean() < 25


def test_whole_clips_are_kept_and_others_made_again(tmp_path):
    write_clips(tmp_path, 6, 3, THREE, **SMALL)
    paths = sorted(tmp_path.rglob("*.mp4"))
    bytes_ = {path: path.read_bytes() for path in paths}
    times = {path: path.stat().st_mtime_ns for path in paths}
    paths[0].write_bytes(bytes_[paths[0]][:300])
    paths[1].unlink()
    (paths[2].parent / f".{paths[2].name}.part").write_bytes(b"half")
    (tmp_path / "clips.csv").unlink()
    seen = []
    write_clips(tmp_path, 6, 3, THREE, **SMALL, progress=lambda *at: seen.append(at))
    assert {path: path.read_bytes() for path in paths} == bytes_
    assert [path for path in paths if path.stat().st_mtime_ns == times[path]] == paths[2:]
    assert (tmp_path / "clips.csv").exists()
    assert seen == [(k, 6) for k in range(7)]


def test_clips_of_other_settings_are_not_taken_for_these(tmp_path):
    write_clips(tmp_path, 3, 3, THREE, **SMALL)
    write_clips(tmp_path, 3, 4, THREE, **SMALL)
    again = tmp_path / "again"
    write_clips(again, 3, 4, THREE, **SMALL)
    for path in again.rglob("*.mp4"):
        assert path.read_bytes() == (tmp_path / path.relative_to(again)).read_bytes()


def test_the_same_frames_give_the_same_file_again_and_again(tmp_path):
    files = []
    for number in range(8):
        write_clips(tmp_path / str(number), 3, 4, THREE, size=96, fps=5, seconds=1)
        files.append(
            {p.name + p.parent.name: p.read_bytes() for p in tmp_path.glob(f"{number}/*/*.mp4")}
        )
    assert all(made == files[0] for made in files)


def test_several_processes_write_the_same(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    write_clips(one, 4, 3, THREE, **SMALL)
    write_clips(two, 4, 3, THREE, **SMALL, jobs=2)
    files = [path.relative_to(one) for path in one.rglob("*.*")]
    assert len(files) == 5
    for path in files:
        assert (one / path).read_bytes() == (two / path).read_bytes()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_run_leaves_no_process_behind(tmp_path):
    code = "from movinet.synthetic import write_clips; write_clips(sys.argv[1], 2000, 1, jobs=2)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"import sys; {code}", str(tmp_path / "drawn")],
        start_new_session=True,
    )
    began = time.monotonic()
    while not list(tmp_path.glob("drawn/*/*.mp4")) and time.monotonic() - began < 60:
        time.sleep(0.05)
    workers = [pid for pid in session(child.pid) if pid != child.pid]
    assert len(workers) >= 2
    child.kill()
    child.wait()
    while session(child.pid) and time.monotonic() - began < 90:
        time.sleep(0.05)
    assert session(child.pid) == []


def session(leader: int) -> list[int]:
    """The living processes of a session; the fourth field after the name is its leader."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clips": 2}, "cannot share 2 clips between 3 actions: use 3 to 2999999"),
        ({"labels": ()}, "no actions to draw: name at least one"),
        ({"labels": ("squat", "squat")}, "the action 'squat' is named twice"),
        ({"labels": ("squat", "")}, "unknown action ''"),
        ({"size": 49}, "cannot write videos of 49 pixels: use an even number"),
        ({"seed": -1}, "the seed -1 is not from 0 to "),
        ({"jobs": 0}, "cannot draw with 0 jobs: use 1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, wrong, message):
    with pytest.raises(UsageError, match=message):
        write_clips(tmp_path, **{"clips": 3, "seed": 0, "labels": THREE, **SMALL, **wrong})
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot write .*out: "):
        write_clips(tmp_path / "out", 3, 0, THREE, **SMALL)


def test_a_sheet_has_a_row_for_each_label(tmp_path):
    sheet = contact_sheet(THREE, seed=1)
    assert sheet.shape == (160, 2 * 640 + 16, 3)
    assert (sheet[80:, 656:] == 255).all()  # three rows in two columns
    write_picture(tmp_path / "sheet.png", sheet)
    np.testing.assert_array_equal(frames(tmp_path / "sheet.png")[0], sheet)
    write_picture(tmp_path / "sheet.jpg", sheet)
    assert np.abs(frames(tmp_path / "sheet.jpg")[0].astype(int) - sheet).mean() < 12


def test_a_sheet_is_a_picture():
    with pytest.raises(UsageError, match=r"cannot write sheet.gif: a sheet is a .png or a .jpg"):
        write_picture("sheet.gif", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(OutputError, match=r"cannot write /nowhere/sheet.png: No such file"):
        write_picture("/nowhere/sheet.png", np.zeros((8, 8, 3), np.uint8))
