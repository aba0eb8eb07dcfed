"""Clips and their classes."""

from __future__ import annotations

import pytest

from movinet.datasets.dataset import Dataset, read_dataset
from movinet.errors import SourceError, UsageError
from movinet.evaluation.labelled import LabelledVideo


def test_labels_are_sorted_capitals_first(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("a.mp4,yoga\nb.mp4,Zumba\nc.mp4,über\nd.mp4,yoga\n", "utf-8")
    data = read_dataset(path)
    assert data.labels == ("Zumba", "yoga", "über")
    assert data.targets == (1, 0, 2, 1)
    assert data.counts == {"Zumba": 1, "yoga": 2, "über": 1}
    assert len(data) == 4
    assert read_dataset(path, ["yoga", "über", "Zumba", "rest"]).targets == (0, 2, 1, 0)


def test_a_label_that_is_not_in_the_list(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("a.mp4,yoga\n")
    with pytest.raises(
        SourceError, match=r"a.mp4 is labelled 'yoga', which is none of the 2 label"
    ):
        read_dataset(path, ["Yoga", "rest"])


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (("a", "a"), "the label 'a' is there 2 times"),
        (("a/b",), "the label 'a/b' has a slash"),
        (("a\nb",), r"the label 'a\\nb' has a line break"),
        (("",), "a label is empty"),
    ],
)
def test_labels_that_are_none(labels, says):
    with pytest.raises(UsageError, match=says):
        Dataset((), labels)


def test_other_clips_keep_the_classes():
    data = Dataset((LabelledVideo("a", "x"), LabelledVideo("b", "y")), ("x", "y"))
    assert data.of(data.clips[1:]).counts == {"x": 0, "y": 1}


@pytest.mark.parametrize("content", ["", "path,label\n"])
def test_an_empty_list(tmp_path, content):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(SourceError, match="it names no video"):
        read_dataset(tmp_path / "list.csv")


def test_an_empty_folder(tmp_path):
    with pytest.raises(SourceError, match="no folder of videos in it"):
        read_dataset(tmp_path)
