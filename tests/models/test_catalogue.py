from __future__ import annotations

import json
import re
from collections import Counter
from urllib.parse import urlsplit

import pytest

from movinet.errors import UsageError
from movinet.models.catalogue import CatalogueEntry, entries, find

NETWORKS = [entry for entry in entries() if entry.kind != "labels"]
TFLITE_ENDINGS = {"int8", "float16", "float32"}


def by_name(entry: CatalogueEntry) -> str:
    return entry.name


def test_every_family_is_there():
    families = Counter(re.sub(r"^a\d", "a", entry.name) for entry in entries())
    assert families == {
        "a-lite-k600-int8": 3,
        "a-stream-k600-float16": 3,
        "a-stream-k600-float32": 6,
        "a-stream-k600": 6,
        "a-base-k600": 6,
        "a-base-k400": 6,
        "a-stream-k600-legacy": 6,
        "a-stream-k600-savedmodel": 6,
        "a-base-k600-savedmodel": 6,
        "a-base-k600-pytorch": 6,
        "a-stream-k600-pytorch": 3,
        "kinetics-600-labels": 1,
    }


@pytest.mark.parametrize("field", ["name", "filename", "url"])
def test_no_two_entries_share(field):
    counts = Counter(getattr(entry, field) for entry in entries())
    assert [value for value, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("entry", entries(), ids=by_name)
def test_an_entry_is_well_formed(entry):
    assert "{" not in json.dumps(entry.name + entry.url + entry.filename + entry.note)
    assert urlsplit(entry.url).scheme == "https"
    assert "/" not in entry.filename
    assert entry.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert entry.git_blob is None or re.fullmatch(r"[0-9a-f]{40}", entry.git_blob)
    assert entry.verified == bool(entry.sha256 or entry.git_blob)
    assert entry.licence == ("MIT" if entry.kind == "pytorch" else "Apache-2.0")


@pytest.mark.parametrize("entry", NETWORKS, ids=by_name)
def test_a_name_says_what_the_file_is(entry):
    variant, form, data, *rest = entry.name.split("-")
    assert variant == entry.variant
    assert form == entry.form
    assert f"kinetics-{data.removeprefix('k')}" == entry.data
    ending = rest[0] if rest else "checkpoint"
    if ending in TFLITE_ENDINGS:
        assert (entry.kind, entry.precision) == ("tflite", ending)
    else:
        assert entry.kind == ("checkpoint" if ending == "legacy" else ending)
    number = variant.removeprefix("a")
    assert re.search(rf"[aA]{number}[_-]", entry.filename)
    assert re.search(rf"[aA]{number}[_-]", entry.url)
    assert entry.labels in {"kinetics-600-labels", "kinetics-400"}


@pytest.mark.parametrize("entry", NETWORKS, ids=by_name)
def test_an_accuracy_says_how_it_was_measured(entry):
    if entry.accuracy is None:
        assert entry.kind == "pytorch" or entry.name.endswith(("float16", "legacy"))
        return
    assert entry.data.capitalize() in entry.accuracy.protocol
    assert entry.accuracy.top1 < (entry.accuracy.top5 or 100)


def test_bigger_variants_are_better():
    published = {}
    for entry in NETWORKS:
        if entry.accuracy:
            family = re.sub(r"^a\d", "a", entry.name)
            published.setdefault(family, []).append(entry.accuracy.top1)
    assert len(published) == 7
    for values in published.values():
        assert values == sorted(set(values))


def test_one_network_in_two_files_has_one_accuracy():
    for entry in NETWORKS:
        if entry.name.endswith(("savedmodel", "float32")):
            checkpoint = find(entry.name.rpartition("-")[0])
            assert (entry.accuracy.top1, entry.accuracy.top5) == (
                checkpoint.accuracy.top1,
                checkpoint.accuracy.top5,
            )


def test_the_official_int8_file_is_known_by_size_and_hash():
    entry = find("a0-lite-k600-int8")
    assert entry.filename == "movinet_a0_stream_k600_int8.tflite"
    assert entry.size == 3276048
    assert entry.sha256 == "6125b36e2485eeb5cc1fd6206cf5e5d70235593fbc84610d1dce97fe3aa9c2ac"
    assert entry.accuracy.top1 == 65.04
    assert entry.labels == "kinetics-600-labels"
    assert find(entry.labels).filename == "kinetics600_label_map.txt"


def test_the_notes_are_honest():
    for entry in entries():
        assert ("access denied" in entry.note) == ("storage.googleapis.com" in entry.url)
        assert ("do not use" in entry.note) == entry.name.endswith("legacy")


def test_an_entry_is_json():
    entry = find("a0-lite-k600-int8")
    read = json.loads(json.dumps(entry.to_dict()))
    assert read["verified"] is True
    assert read["accuracy"]["top1"] == 65.04
    assert read["git_blob"] is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a0-lite-k6000-int8", " (did you mean a0-lite-k600-int8?)"),
        ("A3-BASE-K400", " (did you mean a3-base-k400?)"),
        ("quite another thing", ""),
        ("", ""),
    ],
)
def test_an_unknown_name_gets_near_ones(name, hint):
    with pytest.raises(UsageError) as caught:
        find(name)
    expected = f"no model is called {name!r}{hint}; 'movinet models list' shows all"
    assert str(caught.value) == expected


def test_several_names_may_be_near():
    with pytest.raises(UsageError, match="did you mean") as caught:
        find("a7-lite-k600-int8")
    for number in range(3):
        assert f"a{number}-lite-k600-int8" in str(caught.value)


def test_the_beginning_of_a_name_is_near_enough():
    with pytest.raises(UsageError, match="did you mean a4-"):
        find("a4")
