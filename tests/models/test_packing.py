from __future__ import annotations

import json
import re
import struct
import time
import zipfile
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.attachments import join, split
from kit.tiny_model import COUNT, SUM, TINY, VARIANTS, images
from movinet.errors import LabelsError, ModelError, OutputError
from movinet.models import ModelInfo, read_info
from movinet.models.metadata import Metadata, build_metadata, parse_metadata
from movinet.models.packing import pack, pack_model
from movinet.runtime import open_model

LABELS = ("jumping", "달리기 🏃", 'hand, "quoted"', "no action")
FULL = {
    "name": "나의 모델 v2",
    "variant": "a4",
    "labels": LABELS,
    "background": "no action",
    "temperature": 1.7,
    "fps": Fraction(25, 3),
    "clip_frames": 32,
    "horizon": 24,
    "resize": "center",
    "value_range": (-1.0, 1.0),
    "licence": "CC-BY-4.0",
    "source": "https://example.org/모델",
    "accuracy": {"kinetics-600 top-1": 72.28, "mine": 0.5},
}


@pytest.fixture
def plain(tmp_path):
    """A file without any contract."""
    return TINY.write(tmp_path / "tiny.tflite")


@pytest.fixture
def info(plain):
    """A contract for it that says everything."""
    return replace(read_info(plain), **FULL)


def attached(path) -> dict[str, bytes]:
    return split(path.read_bytes())[1]


# -- there and back -----------------------------------------------------------


def test_the_contract_comes_back_whole(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    states = tuple(replace(pair, zero=0.5 * place) for place, pair in enumerate(info.states))
    info = replace(info, states=states)
    written = pack_model(plain, info, target)
    assert written == replace(info, contract="movinet.json")
    assert read_info(target) == written


@pytest.mark.parametrize("tiny", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_can_be_packed(tiny, tmp_path):
    source = tiny.write(tmp_path / "tiny.tflite")
    info = replace(read_info(source), horizon=7)
    assert pack_model(source, info, source) == replace(info, contract="movinet.json")


@settings(max_examples=60)
@given(
    fps=st.fractions(min_value=Fraction(1, 10), max_value=240, max_denominator=1001),
    temperature=st.floats(0.01, 100),
    low=st.floats(-300, 299),
    span=st.floats(0.01, 600),
    labels=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1)
        .map(str.strip)
        .filter(bool),
        min_size=4,
        max_size=4,
        unique=True,
    ),
    licence=st.none() | st.text(st.characters(codec="utf-8"), min_size=1),
)
def test_any_contract_comes_back(tmp_path_factory, fps, temperature, low, span, labels, licence):
    path = tmp_path_factory.getbasetemp() / "any.tflite"
    path.write_bytes(TINY.data)
    info = replace(
        read_info(path),
        fps=fps,
        temperature=temperature,
        value_range=(low, low + span),
        labels=tuple(labels),
        background=labels[2],
        licence=licence,
    )
    path.write_bytes(pack(TINY.data, info))
    assert read_info(path) == replace(info, contract="movinet.json")


def test_the_network_computes_what_it_did(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    pack_model(plain, info, target)
    before, after = open_model(plain), open_model(target)
    old, new = before.initial_state(), after.initial_state()
    for image in images(12):
        expected, old = before.step(image, old)
        logits, new = after.step(image, new)
        np.testing.assert_array_equal(logits, expected)


def test_weights_stay_aligned(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    pack_model(plain, info, target)
    data = target.read_bytes()
    model = schema.Model.GetRootAs(data, 0)
    tables = [model.Buffers(number)._tab for number in range(model.BuffersLength())]
    starts = [table.Vector(table.Offset(4)) for table in tables if table.Offset(4)]
    assert len(starts) > 5
    assert [start % 16 for start in starts] == [0] * len(starts)


def test_the_same_model_is_the_same_file(plain, info, tmp_path, monkeypatch):
    one, two = tmp_path / "one.tflite", tmp_path / "two.tflite"
    pack_model(plain, info, one)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2_000_000_000))
    pack_model(plain, info, two)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(two) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_packing_again_replaces_the_older_contract(plain, info, tmp_path):
    once, twice = tmp_path / "once.tflite", tmp_path / "twice.tflite"
    pack_model(plain, replace(info, name="older", licence="MIT"), once)
    pack_model(once, info, twice)
    direct = tmp_path / "direct.tflite"
    pack_model(plain, info, direct)
    assert twice.read_bytes() == direct.read_bytes()


def test_what_is_zipped_behind_it(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    pack_model(plain, info, target)
    files = attached(target)
    assert list(files) == ["movinet.json", "labels.txt"]
    assert files["labels.txt"].decode() == "".join(f"{label}\n" for label in LABELS)
    contract = json.loads(files["movinet.json"])
    assert contract == info.to_dict()
    assert contract["fps"] == pytest.approx(8.333333)
    # A person who opens it can read it.
    assert "달리기 🏃".encode() in files["movinet.json"]


def test_without_labels_there_is_no_label_file(plain, tmp_path):
    target = tmp_path / "packed.tflite"
    assert pack_model(plain, read_info(plain), target).labels is None
    assert list(attached(target)) == ["movinet.json"]


# -- the official metadata block ----------------------------------------------


def without_contract(path) -> bytes:
    """The file as another tool would have made it: official metadata and labels alone."""
    network, files = split(path.read_bytes())
    return join(network, {name: text for name, text in files.items() if name != "movinet.json"})


def test_the_official_block_speaks_for_itself(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    pack_model(plain, info, target)
    target.write_bytes(without_contract(target))
    shown = read_info(target)
    assert shown.contract == "tflite metadata"
    assert shown.name == "나의 모델 v2"
    assert shown.licence == "CC-BY-4.0"
    assert shown.labels == LABELS
    assert shown.value_range == pytest.approx((-1, 1))
    # What the block has no words for is as in a file without any.
    assert (shown.temperature, shown.resize, shown.fps) == (1, "stretch", 5)


@pytest.mark.parametrize("span", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-0.5, 0.5)])
def test_normalisation(span, plain, tmp_path):
    target = tmp_path / "packed.tflite"
    pack_model(plain, replace(read_info(plain), value_range=span), target)
    network, _ = split(target.read_bytes())
    target.write_bytes(network)
    assert read_info(target).value_range == pytest.approx(span, abs=1e-6)


def test_labels_that_the_block_names_but_that_are_not_there(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    pack_model(plain, info, target)
    target.write_bytes(split(target.read_bytes())[0])
    with pytest.raises(LabelsError, match=r"names a label file labels\.txt that is not in it$"):
        read_info(target)


def test_labels_zipped_behind_a_file_without_metadata(plain):
    plain.write_bytes(join(TINY.data, {"my_labels.txt": "\n".join(LABELS).encode()}))
    info = read_info(plain)
    assert (info.labels, info.contract) == (LABELS, "signature")


def test_compressed_attachments_are_read(plain, info):
    network, files = split(pack(plain.read_bytes(), info))
    plain.write_bytes(join(network, files, zipfile.ZIP_DEFLATED))
    assert read_info(plain) == replace(info, contract="movinet.json")


def test_strange_compression_is_refused(plain, info):
    network, files = split(pack(plain.read_bytes(), info))
    plain.write_bytes(join(network, files, zipfile.ZIP_BZIP2))
    with pytest.raises(ModelError, match="zipped into it cannot be read"):
        read_info(plain)


def test_attachments_that_cannot_be_unpacked(plain, info):
    network, files = split(pack(plain.read_bytes(), info))
    data = bytearray(join(network, files, zipfile.ZIP_DEFLATED))
    name = len("movinet.json")
    data[len(network) + 30 + name] = 0xFF  # no kind of block begins so
    plain.write_bytes(data)
    with pytest.raises(ModelError, match="zipped into it cannot be read"):
        read_info(plain)


@pytest.mark.parametrize("excess", [10_000, 2**31, 2**32 - 1])
def test_attachments_that_point_before_the_file(excess, plain, info):
    data = bytearray(pack(plain.read_bytes(), info))
    struct.pack_into("<I", data, data.rindex(b"PK\x05\x06") + 16, excess)
    plain.write_bytes(data)
    with pytest.raises(ModelError, match="zipped into it cannot be read"):
        read_info(plain)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a\nb\n", "2 labels for tiny, which has 4 classes"), (b"a\n\xff\n", "line 2 is not UTF-8")],
)
def test_bad_labels_behind_a_file(content, words, plain):
    plain.write_bytes(join(TINY.data, {"labels.txt": content}))
    with pytest.raises(LabelsError, match=words) as caught:
        read_info(plain)
    assert str(caught.value).startswith(f"cannot use {plain}: ")


def test_the_block_that_is_written_is_the_block_that_is_read():
    said = Metadata("이름", "지은이", "MIT", "labels.txt", 127.5, 127.5)
    block = build_metadata(said, "image", ["a", "image"], "logits", ["logits", "a"])
    assert block[4:8] == b"M001"
    assert parse_metadata(block) == said
    assert parse_metadata(build_metadata(Metadata("x"), "i", ["i"], "o", ["o"])) == Metadata("x")


@pytest.mark.parametrize(
    ("mean", "std"), [(None, None), (0.0, 0.0), (float("nan"), 1.0), (0.0, float("nan"))]
)
def test_a_normalisation_of_nonsense_is_not_believed(mean, std):
    assert Metadata(mean=mean, std=std).value_range is None


# -- broken contracts ---------------------------------------------------------


def with_contract(info: ModelInfo, change) -> bytes:
    """A packed file whose movinet.json went through `change`."""
    network, files = split(pack(TINY.data, info))
    said = json.loads(files["movinet.json"])
    changed = change(said)
    content = changed if isinstance(changed, bytes) else json.dumps(changed or said).encode()
    return join(network, {**files, "movinet.json": content})


def setting(key: str, value):
    return lambda said: {**said, key: value}


def state(number: int, **changes):
    def change(said):
        said["states"][number].update(changes)

    return change


BROKEN = {
    "no JSON": lambda said: b"{",
    "not UTF-8": lambda said: b'{"name": "\xff"}',
    "a list": lambda said: [1, 2],
    "empty": lambda said: b"{}",
    "deep": lambda said: b"[" * 100_000,
    "no states": setting("states", None),
    "too few states": lambda said: {**said, "states": said["states"][:-1]},
    "a state twice": lambda said: {**said, "states": [*said["states"], said["states"][0]]},
    "unknown state": state(0, input="state_of_mind"),
    "unknown output": state(0, output="state_of_mind"),
    "image as state": state(0, input="image", output="image"),
    "outputs exchanged": state(3, output=COUNT),
    "fps 0": setting("fps", 0),
    "fps text": setting("fps", "fast"),
    "fps infinite": setting("fps", float("inf")),
    "fps of no number": setting("fps", "1/0"),
    "horizon null": setting("horizon", None),
    "horizon 0": setting("horizon", 0),
    "horizon infinite": setting("horizon", float("inf")),
    "temperature": setting("temperature", -1),
    "resize": setting("resize", "pad"),
    "one value": setting("value_range", [1]),
    "no range": setting("value_range", [1, 1]),
    "accuracy": setting("accuracy", {"top-1": "high"}),
    "too few labels": setting("labels", ["a"]),
    "labels a number": setting("labels", 4),
    "unknown background": setting("background", "sitting"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_contract_ends_in_one_line(change, plain, info):
    plain.write_bytes(with_contract(info, change))
    with pytest.raises(ModelError) as caught:
        read_info(plain)
    message = str(caught.value)
    assert message.startswith(f"cannot use {plain}: ")
    assert "\n" not in message
    assert re.search(r"movinet\.json|label|its state", message)


def test_an_untouched_contract_is_not_broken(plain, info):
    plain.write_bytes(with_contract(info, lambda said: None))
    assert read_info(plain) == replace(info, contract="movinet.json")


def test_a_rate_in_decimals_is_the_fraction_it_stands_for(plain, info):
    for decimals, rate in [(8.333333, Fraction(25, 3)), (29.97003, Fraction(30_000, 1001))]:
        plain.write_bytes(with_contract(info, setting("fps", decimals)))
        assert read_info(plain).fps == rate


def test_a_missing_entry_is_named(plain, info):
    plain.write_bytes(with_contract(info, lambda said: said.pop("horizon") and None))
    with pytest.raises(ModelError, match=r"movinet\.json is damaged \('horizon' is missing\)"):
        read_info(plain)


def test_what_a_contract_may_leave_out(plain, info):
    optional = {"name", "labels", "temperature", "resize", "licence", "source", "accuracy"}
    optional |= {"background", "variant", "value_range", "precision"}

    def change(said):
        for entry in said["states"]:
            del entry["zero"]
        return {key: value for key, value in said.items() if key not in optional}

    plain.write_bytes(with_contract(info, change))
    shown = read_info(plain)
    assert shown.labels == LABELS  # from the label file
    assert (shown.temperature, shown.resize, shown.licence) == (1, "stretch", None)
    assert (shown.fps, shown.horizon) == (Fraction(25, 3), 24)


def test_states_may_be_called_otherwise(plain, info):
    """What a contract calls a state is for us; what its input and output are called, for it."""
    pairs = [replace(pair, name=f"my_{pair.name}") for pair in info.states]
    network, files = split(pack(TINY.data, info))
    said = {**json.loads(files["movinet.json"]), "states": [pair.to_dict() for pair in pairs]}
    plain.write_bytes(join(network, {**files, "movinet.json": json.dumps(said).encode()}))
    model = open_model(plain)
    _, new = model.step(images(1)[0], model.initial_state())
    assert new.get(f"my_{COUNT}") == [1]
    assert new.get(f"my_{SUM}").any()


# -- what cannot be packed ----------------------------------------------------


def test_a_target_that_cannot_be_written(plain, info, tmp_path):
    folder = tmp_path / "folder"
    (folder / "packed.tflite" / "in the way").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"^cannot write .*packed\.tflite: "):
        pack_model(plain, info, folder / "packed.tflite")
    assert [path.name for path in folder.iterdir()] == ["packed.tflite"]
    with pytest.raises(OutputError, match=r"^cannot write .*none.*: No such file"):
        pack_model(plain, info, tmp_path / "none" / "packed.tflite")
    assert not (tmp_path / "none").exists()


def test_a_source_that_cannot_be_read(info, tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read .*none\.tflite: No such file"):
        pack_model(tmp_path / "none.tflite", info, tmp_path / "packed.tflite")
    (tmp_path / "text.tflite").write_text("this is no model")
    with pytest.raises(ModelError, match=r"not a \.tflite file"):
        pack_model(tmp_path / "text.tflite", info, tmp_path / "packed.tflite")
    assert not (tmp_path / "packed.tflite").exists()


def test_a_contract_of_another_model(plain, info, tmp_path):
    target = tmp_path / "packed.tflite"
    target.write_bytes(b"older")
    with pytest.raises(ModelError, match="no signature 'call'"):
        pack_model(plain, replace(info, signature="call"), target)
    other = VARIANTS["squeeze-excite"].write(tmp_path / "other.tflite")
    missing = replace(info, states=info.states[1:])
    with pytest.raises(ModelError, match=r"movinet\.json does not name each state"):
        pack_model(other, missing, target)
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "other.tflite",
        "packed.tflite",
        "tiny.tflite",
    ]


@pytest.mark.parametrize("label", ["", " ", "two\nlines", "two\rlines", " padded", "a\0b"])
def test_a_label_that_is_no_line(label, plain, info, tmp_path):
    labels = ("a", label, "c", "no action")
    with pytest.raises(LabelsError, match="cannot be a line of a label file"):
        pack_model(plain, replace(info, labels=labels), tmp_path / "packed.tflite")
    assert not (tmp_path / "packed.tflite").exists()


def test_other_metadata_is_kept(plain, info, tmp_path):
    model = schema.ModelT.InitFromPackedBuf(TINY.data, 0)
    model.buffers.append(schema.BufferT(data=list(b"2.3.0")))
    entry = schema.MetadataT(name="min_runtime_version", buffer=len(model.buffers) - 1)
    model.metadata = [entry]
    import flatbuffers

    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    packed = schema.ModelT.InitFromPackedBuf(pack(pack(bytes(builder.Output()), info), info), 0)
    found = {entry.name: bytes(packed.buffers[entry.buffer].data) for entry in packed.metadata}
    assert list(found) == [b"min_runtime_version", b"TFLITE_METADATA"]
    assert found[b"min_runtime_version"] == b"2.3.0"
