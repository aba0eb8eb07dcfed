"""What is wrong with a dataset is said in one line each."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from movinet.datasets.cache import cache_clips
from movinet.datasets.checks import check
from movinet.datasets.dataset import Dataset, read_dataset
from movinet.errors import SourceError
from movinet.evaluation.labelled import LabelledVideo


def made(labels, *clips):
    return Dataset(tuple(LabelledVideo(path, label, group=g) for path, label, g in clips), labels)


def one_line_each(findings):
    lines = [*findings.errors, *findings.warnings, *findings.short, *findings.unreadable]
    assert all("\n" not in line for line in lines)
    return findings


def test_nothing_to_say(folder, cached):
    data = read_dataset(folder)
    findings = check({"train": data}, {"train": cached}, window=5)
    assert findings.counts == {"train": {"down": 2, "up": 3}}
    assert (findings.errors, findings.warnings, findings.short, findings.unreadable) == ((),) * 4
    findings.raise_first()


def test_one_class():
    findings = check({"train": made(("x",), ("a", "x", None), ("b", "x", None))})
    assert findings.errors == (
        "there is one class, 'x'; training needs 2 or more: add a folder of clips that show "
        "something else",
    )


def test_no_clip_to_train_on():
    assert check({}).errors == ("there is no clip to train on",)
    assert check({"train": Dataset((), ("x", "y"))}).errors == ("there is no clip to train on",)


def test_too_few_clips():
    findings = check(
        {"train": made(("x", "y", "z"), *[(n, "x", None) for n in "ab"], ("c", "y", 0))}
    )
    assert findings.errors == (
        "the class 'y' has 1 clip to train on; it needs 2 or more: add clips, or leave the class "
        "out",
        "the class 'z' has 0 clips to train on; it needs 2 or more: add clips, or leave the class "
        "out",
    )
    with pytest.raises(SourceError, match=r"the class 'y' has 1 clip .* \(and 1 more error\)"):
        findings.raise_first()


TRAIN = made(("x", "y"), *[(f"{n}.mp4", "xy"[n % 2], f"g{n}") for n in range(6)])


def test_a_group_in_train_and_test():
    test = made(("x", "y"), ("7.mp4", "x", "g3"), ("8.mp4", "y", "g4"), ("9.mp4", "y", "g4"))
    findings = one_line_each(check({"train": TRAIN, "test": test}))
    assert findings.errors == (
        "the group 'g3' is in train (3.mp4) and in test (7.mp4); and 1 more group like that",
    )
    findings = check({"train": TRAIN, "validation": test})
    assert not findings.errors
    assert findings.warnings[0].startswith("the group 'g3' is in train (3.mp4) and in validation")


def test_the_same_file_in_train_and_test(tmp_path):
    for name in "abcd":
        (tmp_path / name).write_bytes(name.encode() * 100)
    shutil.copy(tmp_path / "a", tmp_path / "e")
    a, b, c, d, e = (str(tmp_path / name) for name in "abcde")
    train = made(("x", "y"), (a, "x", None), (b, "x", None), (c, "y", None), (d, "y", None))
    findings = check({"train": train, "test": made(("x", "y"), (e, "x", None), (b, "y", None))})
    assert findings.errors == (
        f"{a} in train and {e} in test hold the same; and 1 more clip like that",
    )
    part = replace(train.clips[0], start=2)
    findings = check({"train": train, "test": train.of([part])})
    assert findings.errors == (f"the file {a} is in train and in test",)
    assert findings.warnings == ("test has no clip of 'y'",)
    assert not check({"train": train, "test": train.of([])}).errors


def test_short_clips(folder, cached):
    findings = one_line_each(check({"train": read_dataset(folder)}, {"train": cached}, window=12))
    assert findings.short == (
        f"{folder}/down/d.mp4 has 5 frames, the window 12; it is repeated from its start",
        f"{folder}/up/a.mp4 has 10 frames, the window 12; it is repeated from its start",
    )
    assert not findings.errors


def test_clips_that_cannot_be_read(folder, tmp_path):
    for name in ("v", "w"):
        (tmp_path / f"{name}.mp4").write_text(f"no video {name}")
    clips = [*read_dataset(folder).clips, LabelledVideo(str(tmp_path / "v.mp4"), "up")]
    data = Dataset(tuple(clips), ("down", "up"))
    cached = cache_clips(data, fps=5, size=8, folder=tmp_path / "cache")
    findings = one_line_each(check({"train": data}, {"train": cached}))
    assert not findings.errors  # not fatal
    assert len(findings.unreadable) == 1
    assert "v.mp4" in findings.unreadable[0]

    broken = [LabelledVideo(str(tmp_path / f"{name}.mp4"), "none") for name in ("v", "w")]
    data = Dataset((*clips, *broken), ("down", "none", "up"))
    cached = cache_clips(data, fps=5, size=8, folder=tmp_path / "cache")
    findings = one_line_each(check({"train": data}, {"train": cached}))
    (error,) = findings.errors
    assert error.startswith(
        "of the 2 clips of the class 'none' none can be read; the first: cannot"
    )
    assert "v.mp4" in error
