from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.errors import LabelsError
from movinet.models import read_labels
from movinet.models.labels import parse_labels

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "data",
    [
        b"walk\nrun",
        b"walk\nrun\n",
        b"walk\r\nrun\r\n",
        b"walk\rrun\r",
        BOM + b"walk\nrun\n",
        BOM + b"walk\r\nrun",
        b"walk\nrun\n\n \n\r\n\t\n",
        b"  walk\t\n run \n",
        b"walk\rrun\r\n\n",
    ],
)
def test_line_endings_marks_and_blank_ends(data):
    assert parse_labels(data, "x") == ("walk", "run")


def test_other_alphabets_and_what_only_looks_like_a_line_ending():
    labels = ("달리기 🏃", "çizgi", "a\x0cb", "a\u2028b", "a\x85b", 'quo"te, comma')
    assert parse_labels("\n".join(labels).encode(), "x") == labels


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1)
        .map(str.strip)
        .filter(bool),
        min_size=1,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.booleans(),
)
def test_labels_come_back_as_they_were_written(labels, ending, mark, final):
    data = (BOM if mark else b"") + ending.join(labels).encode() + ending.encode() * final
    # A label that begins with the mark itself cannot be told from a file that begins with it.
    if not labels[0].startswith("\ufeff"):
        assert parse_labels(data, "x") == tuple(labels)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (BOM, "the file is empty"),
        (b"\n \r\n", "the file is empty"),
        (b"walk\n\nrun\n", "line 2 is empty; a label file has one label a line"),
        (b"walk\r\n  \r\nrun", "line 2 is empty"),
        (b"\nwalk\n", "line 1 is empty"),
        (b"walk\rstay\r\rrun", "line 3 is empty"),
        (b"walk\n\xffrun\n", "line 2 is not UTF-8; save the file as UTF-8"),
        (b"wa\xe9lk\n", "line 1 is not UTF-8"),
        (BOM + b"a\n\xff", "line 2 is not UTF-8"),
        (b"a\r\nb\r\n\xff", "line 3 is not UTF-8"),
        (b"a\rb\rc\r\xff", "line 4 is not UTF-8"),
        ("walk\n".encode("utf-16"), "line 1 is not UTF-8"),
        (b"walk\nr\0un\n", "it is not a text file"),
    ],
)
def test_a_useless_label_file_ends_in_one_line(data, words):
    with pytest.raises(LabelsError, match=re.escape(words)) as caught:
        parse_labels(data, "my labels.txt")
    assert str(caught.value).startswith("cannot read labels from my labels.txt: ")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        labels = parse_labels(data, "x")
    except LabelsError:
        return
    assert labels
    assert all(label == label.strip() != "" for label in labels)


def test_read_labels_reads_a_file(tmp_path):
    path = tmp_path / "les étiquettes.txt"
    path.write_bytes(BOM + "걷기\r\n뛰기\r\n".encode())
    assert read_labels(path) == ("걷기", "뛰기")
    assert read_labels(str(path)) == ("걷기", "뛰기")


def test_a_missing_label_file(tmp_path):
    with pytest.raises(LabelsError, match=r"^cannot read labels from .*none\.txt: No such file"):
        read_labels(tmp_path / "none.txt")


def test_a_folder(tmp_path):
    with pytest.raises(LabelsError, match=r"^cannot read labels from .*: Is a directory"):
        read_labels(tmp_path)
