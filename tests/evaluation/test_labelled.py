"""Labelled videos, and how often a model names them rightly."""

from __future__ import annotations

import shutil

import pytest

from kit.tiny_model import TinyModel
from movinet.errors import SourceError
from movinet.evaluation.footage import write_synthetic
from movinet.evaluation.labelled import (
    Accuracy,
    LabelledVideo,
    accuracy,
    plain_label,
    read_labelled,
    unknown_labels,
)
from movinet.models import read_info
from movinet.stream import load

LABELS = ("Arm wrestling", "yoga", "bee keeping")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, its labels and a video."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    (folder / "labels.txt").write_text("\n".join(LABELS))
    write_synthetic(folder / "video.mp4")
    return folder


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folder_a_class(tmp_path):
    touch(
        tmp_path / "yoga/b10.mp4",
        tmp_path / "yoga/b9.mp4",
        tmp_path / "yoga/notes.txt",
        tmp_path / "arm_wrestling/deep/a.avi",
        tmp_path / ".hidden/c.mp4",
        tmp_path / "beside.mp4",
        tmp_path / "empty/readme.md",
    )
    found = read_labelled(tmp_path)
    assert [(v.path.removeprefix(f"{tmp_path}/"), v.label) for v in found] == [
        ("arm_wrestling/deep/a.avi", "arm_wrestling"),
        ("yoga/b9.mp4", "yoga"),
        ("yoga/b10.mp4", "yoga"),
    ]


@pytest.mark.parametrize("head", ["", "path,label\n", "Video, Label\r\n", "\ufeffpath,label\n"])
def test_a_csv_file(tmp_path, head):
    path = tmp_path / "list.csv"
    path.write_text(f'{head}a.mp4,yoga\n\n"with, comma.mp4", bee keeping ,more\n', "utf-8")
    assert read_labelled(path) == [
        LabelledVideo(str(tmp_path / "a.mp4"), "yoga"),
        LabelledVideo(str(tmp_path / "with, comma.mp4"), "bee keeping"),
    ]
    path.write_text("/far/a.mp4,yoga\n")
    assert read_labelled(path) == [LabelledVideo("/far/a.mp4", "yoga")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it names no video"),
        (b"path,label\n", "it names no video"),
        (b"a.mp4,yoga\nb.mp4\n", "line 2 is not path,label"),
        (b"a.mp4,\n", "line 1 is not path,label"),
        (b"\x00\xff\xfe,\xff\n", "not a CSV file in UTF-8"),
    ],
)
def test_bad_csv_files(tmp_path, content, says):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as caught:
        read_labelled(path)
    assert str(path) in str(caught.value)


def test_bad_folders(tmp_path):
    with pytest.raises(SourceError, match=r"gone: no such file$"):
        read_labelled(tmp_path / "gone")
    touch(tmp_path / "beside.mp4")
    with pytest.raises(SourceError, match="no folder of videos in it; give a folder with a folder"):
        read_labelled(tmp_path)


def test_what_of_a_label_counts():
    assert plain_label("Arm_Wrestling") == plain_label("arm wrestling ") != plain_label("arm")


def test_unknown_labels(place):
    info = read_info(place / "model.tflite").with_labels(LABELS, "labels.txt")
    videos = [LabelledVideo("a", "arm_wrestling"), LabelledVideo("b", "juggling")]
    assert unknown_labels(videos, info) == ["juggling"]


def test_accuracy(place, tmp_path):
    classifier = load(place / "model.tflite", labels=place / "labels.txt")
    video = str(place / "video.mp4")
    right = classifier.classify(video).top(1)[0].label
    wrong = next(label for label in LABELS if label != right)
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    videos = [
        LabelledVideo(video, right.upper().replace(" ", "_")),
        LabelledVideo(str(broken), right),
        LabelledVideo(video, wrong),
        LabelledVideo(video, right),
    ]
    failures, seen = [], []
    found = accuracy(
        classifier,
        videos,
        failed=lambda video, reason: failures.append((video, reason)),
        progress=seen.append,
    )
    assert found == Accuracy(2, 3)
    assert found.top1 == pytest.approx(2 / 3)
    ((failed, reason),) = failures
    assert failed is videos[1]
    assert reason.startswith(f"cannot read {broken}: ")
    assert seen == [0.25, 0.5, 0.75, 1]
    assert accuracy(classifier, videos[1:2], failed=lambda *_: None) is None


def test_a_copied_video_is_classified_alike(place, tmp_path):
    """The label comes from the folder, whatever the file is called."""
    classifier = load(place / "model.tflite", labels=place / "labels.txt")
    right = classifier.classify(place / "video.mp4").top(1)[0].label
    folder = tmp_path / right.lower().replace(" ", "_")
    folder.mkdir()
    shutil.copy(place / "video.mp4", folder / "other name.mp4")
    assert accuracy(
        classifier, read_labelled(tmp_path), failed=lambda *_: pytest.fail("unreadable")
    ) == Accuracy(1, 1)
