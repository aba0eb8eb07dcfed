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


def test_columns_in_any_order(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(
        "\ufeffGroup,Label,start,path,end,split,note\r\n"
        'tom,yoga,1.5,a.mp4,4,train,"said ""no\nthing"""\r\n'
        ",bee keeping,,b.mp4,,VAL,\r\n".encode()
    )
    assert read_labelled(path) == [
        LabelledVideo(str(tmp_path / "a.mp4"), "yoga", 1.5, 4.0, "train", "tom"),
        LabelledVideo(str(tmp_path / "b.mp4"), "bee keeping", split="validation"),
    ]


def test_tabs_between_cells(tmp_path):
    path = tmp_path / "list.tsv"
    path.write_text("file\tclass\nsub/a, b.mp4\tyoga\n")
    assert read_labelled(path) == [LabelledVideo(str(tmp_path / "sub/a, b.mp4"), "yoga")]
    path.write_text("a.mp4\tyoga\n")
    assert read_labelled(path) == [LabelledVideo(str(tmp_path / "a.mp4"), "yoga")]


@pytest.mark.parametrize("name", ["list.jsonl", "list.txt"])
def test_json_lines(tmp_path, name):
    path = tmp_path / name
    path.write_text(
        '{"path": "a.mp4", "label": "yoga", "start": 1, "end": 2.5, "split": "test", "group": 7}\n'
        '\n{"video": "/far/b.mp4", "class": "bee\u2019s \U0001f41d", "end": null, "more": []}\r\n',
        "utf-8",
    )
    assert read_labelled(path) == [
        LabelledVideo(str(tmp_path / "a.mp4"), "yoga", 1.0, 2.5, "test", "7"),
        LabelledVideo("/far/b.mp4", "bee\u2019s \U0001f41d"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "path,label,start\na,b,-1\n", "line 2: start is not a number of seconds: '-1'"),
        ("a.csv", "path,label,start\na,b,soon\n", "start is not a number of seconds: 'soon'"),
        ("a.csv", "path,label,end\na,b,nan\n", "end is not a number of seconds"),
        ("a.csv", "path,label,start,end\na,b,2,2\n", "line 2: end .2 s. is not after start"),
        ("a.csv", "path,label,end\na,b,0\n", "is not after start"),
        ("a.csv", "path,label,split\na,b,dev\n", "the split 'dev' is unknown; use train"),
        ("a.csv", "path,label\na,b/c\n", "line 2: the label 'b/c' has a slash in it"),
        ("a.csv", "a,b\\c\n", "has a slash in it"),
        ("a.csv", 'path,label\na,"b\nc"\n', r"the label 'b\\nc' has a line break in it"),
        ("a.csv", "label,path\nb\n", "line 2 is not path,label"),
        ("a.jsonl", '{"path": "a", "label": "b\\nc"}', "line 1: the label .* line break"),
        ("a.jsonl", '{"path": "a", "label": " "}', "line 1: a label is empty"),
        ("a.jsonl", '{"path": "a"}', "line 1 is not path,label"),
        ("a.jsonl", '{"path": ["a"], "label": "b"}', "line 1: path is not text"),
        ("a.jsonl", '{"path": "a", "label": 3}', "line 1: label is not text: 3"),
        ("a.jsonl", '{"path": "a", "label": "b", "start": true}', "start is not a number"),
        ("a.jsonl", '{"path": "a", "label": "b"}\n["a", "b"]', "line 2 is not a JSON object; give"),
        ("a.json", '[{"path": "a", "label": "b"}]', "line 1 is not a JSON object"),
        ("a.jsonl", "[" * 100_000, "line 1 is not a JSON object"),
        ("a.jsonl", "", "it names no video"),
        ("k.csv", "label,youtube_id\nyoga,x\n", "line 2 is not label,youtube_id,time_start"),
        (
            "k.csv",
            "label,youtube_id,time_start,time_end,split\nyoga,x,1,11,train\n",
            "of its 1 videos none lies beside it or below; they are called like x_000001_00001",
        ),
    ],
)
def test_bad_lists(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(SourceError, match=says) as caught:
        read_labelled(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_kinetics_list(tmp_path):
    touch(tmp_path / "yoga/-a_000010_000020.mp4", tmp_path / "_b.webm", tmp_path / "-a.mp4")
    path = tmp_path / "train.csv"
    path.write_text(
        "label,youtube_id,time_start,time_end,split\n"
        '"yoga",-a,10,20,train\n'
        "bee keeping,_b,3,13,validate\n"
        "yoga,gone,0,10,test\n"
    )
    assert read_labelled(path) == [
        LabelledVideo(
            str(tmp_path / "yoga/-a_000010_000020.mp4"), "yoga", split="train", group="-a"
        ),
        LabelledVideo(str(tmp_path / "_b.webm"), "bee keeping", 3.0, 13.0, "validation", "_b"),
        LabelledVideo(str(tmp_path / "gone_000000_000010.mp4"), "yoga", split="test", group="gone"),
    ]


def test_a_folder_a_split(tmp_path):
    touch(tmp_path / "train/yoga/a.mp4", tmp_path / "val/yoga/b.mp4", tmp_path / "test/bees/c.mp4")
    found = read_labelled(tmp_path)
    assert [(v.label, v.split) for v in found] == [
        ("bees", "test"),
        ("yoga", "train"),
        ("yoga", "validation"),
    ]
    # With another folder beside them, or with videos in them, they are classes.
    touch(tmp_path / "train/d.mp4")
    assert {v.label for v in read_labelled(tmp_path)} == {"train", "val", "test"}


def test_a_folder_that_is_no_label(tmp_path):
    touch(tmp_path / "two\nlines/a.mp4")
    with pytest.raises(
        SourceError, match=r"the label 'two\\nlines' has a line break in it; rename"
    ):
        read_labelled(tmp_path)


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


def test_a_part_of_a_video(place):
    classifier = load(place / "model.tflite", labels=place / "labels.txt")
    video = str(place / "video.mp4")
    label = classifier.classify(video, start=1, end=2).top(1)[0].label
    part = LabelledVideo(video, label, 1, 2)
    assert accuracy(classifier, [part], failed=lambda *_: None) == Accuracy(1, 1)
    # Nothing is left behind its end.
    late = LabelledVideo(video, label, 1000)
    assert accuracy(classifier, [late], failed=lambda *_: None) is None


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
