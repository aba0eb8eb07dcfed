"""Checkpoints of TensorFlow: every kind of tensor comes back, and damage is one clear error."""

from __future__ import annotations

import struct
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kit.damage import DAMAGE, SMALL, attempt, damaged, error_of, message_of, read, same
from kit.tensorbundle import (
    Raw,
    entry,
    field,
    header,
    object_graph,
    varint,
    write_bundle,
    write_table,
)
from movinet.errors import ModelError
from movinet.weights.bundlefiles import looks_like_checkpoint
from movinet.weights.crc32c import crc32c, masked_crc32c
from movinet.weights.tensorbundle import Variable, open_bundle


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40),
        st.one_of(
            arrays.arrays(
                st.sampled_from(["float32", "float64", "float16", "int32", "int64"]),
                arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5),
            ),
            st.lists(st.binary(max_size=300), min_size=1, max_size=4),
        ),
        max_size=60,
    ),
    st.integers(1, 4),
    st.integers(20, 3000),
)
def test_round_trip(tensors, shards, block_bytes):
    with tempfile.TemporaryDirectory() as folder:
        prefix = write_bundle(
            Path(folder) / "ckpt-1", tensors, shards=shards, block_bytes=block_bytes
        )
        assert same(read(prefix), tensors)


def test_bfloat16_comes_as_float32(tmp_path):
    exact = np.array([[0, 1, -2.5], [3.0e38, 2.0**-120, np.inf]], np.float32)
    numbers = Raw(14, (2, 3), (exact.view(np.uint32) >> 16).astype("<u2").tobytes())
    found = read(write_bundle(tmp_path / "x", {"a": numbers}))["a"]
    assert found.dtype == np.float32
    assert found.tobytes() == ((exact.view(np.uint32) >> 16) << 16).tobytes()


def test_tensors_in_slices(tmp_path):
    tensors = {
        "wide": np.arange(300 * 70, dtype=np.float32).reshape(300, 70),
        "row": np.arange(100, dtype=np.float64),
    }
    slices = {
        "wide": [((0, 200), (0, -1)), ((200, 100), (0, 65)), ((200, 100), (65, 5))],
        "row": [((0, 63),), ((63, 37),)],
    }
    prefix = write_bundle(tmp_path / "x", tensors, shards=3, slices=slices)
    assert same(read(prefix), tensors)


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ([((0, 4),), ((4, 5),)], "do not fill it"),
        ([((0, 4),), ((4, 4),), ((7, 2),)], "do not fill it"),
        ([((0, 4),), ((4, 6),), ((0, 1),)], "do not fill it"),
    ],
)
def test_slices_that_do_not_fill_their_tensor(tmp_path, boxes, said):
    row = {"row": np.arange(10, dtype=np.float32)}
    assert said in error_of(write_bundle(tmp_path / "x", row, slices={"row": boxes}))


def test_slices_that_are_missing_or_outside(tmp_path):
    one = field(7, field(1, field(1, 0) + field(2, 2)))
    out = field(7, field(1, field(1, 3) + field(2, 2)))
    for said, what in ((one, "missing"), (out, "outside"), (one + out, "missing")):
        entries = {b"": header(1), b"a": entry(1, [4], 0, 0, 0, 0) + said}
        (tmp_path / "x.index").write_bytes(write_table(entries))
        assert what in error_of(tmp_path / "x")


def test_the_object_graph(tmp_path):
    keys = {
        "model/w/.ATTRIBUTES/VARIABLE_VALUE": ("", "dense/w"),
        "variables/0/.ATTRIBUTES/VARIABLE_VALUE": ("layer-1/_conv/kernel", "conv/kernel"),
    }
    tensors = {key: np.zeros(1, np.float32) for key in keys}
    prefix = write_bundle(tmp_path / "x", tensors, graph=object_graph(keys))
    with open_bundle(prefix) as bundle:
        assert bundle.variables() == {
            "model/w/.ATTRIBUTES/VARIABLE_VALUE": Variable("dense/w", "model/w"),
            "variables/0/.ATTRIBUTES/VARIABLE_VALUE": Variable(
                "conv/kernel", "layer-1/_conv/kernel"
            ),
        }
    with open_bundle(write_bundle(tmp_path / "y", tensors)) as bundle:
        assert bundle.variables() == {}


def test_a_circle_of_objects_and_links_to_nowhere(tmp_path):
    def child(name: bytes, node: int) -> bytes:
        return field(1, field(1, node) + field(2, name))

    attribute = field(2, field(2, b"w") + field(3, b"k"))
    graph = field(1, child(b"a", 1) + child(b"far", 9) + child(b"back", -5))
    graph += field(1, child(b"b", 0) + child(b"c", 1) + attribute)
    with open_bundle(write_bundle(tmp_path / "x", {}, graph=graph)) as bundle:
        assert bundle.variables() == {"k": Variable("w", "a")}


def test_a_missing_file_of_numbers(ckpt):
    ckpt.with_name("ckpt-1.data-00001-of-00002").unlink()
    assert "ckpt-1.data-00001-of-00002 is missing" in error_of(ckpt)


def test_a_file_of_numbers_that_is_cut_short(ckpt):
    shard = ckpt.with_name("ckpt-1.data-00000-of-00002")
    shard.write_bytes(shard.read_bytes()[:-1])
    assert "cut short" in error_of(ckpt)


def test_a_wrong_number(ckpt):
    for shard in (0, 1):
        path = ckpt.with_name(f"ckpt-1.data-{shard:05d}-of-00002")
        data = path.read_bytes()
        path.write_bytes(bytes((data[0] ^ 1,)) + data[1:])
    assert "the checksum is wrong" in error_of(ckpt)


def test_other_formats(tmp_path):
    write = write_bundle
    assert "compressed (kind 1)" in error_of(write(tmp_path / "a", SMALL, compression=1))
    assert "big-endian" in error_of(write(tmp_path / "b", SMALL, big_endian=True))
    assert "newer format" in error_of(write(tmp_path / "c", SMALL, min_consumer=2))
    said = error_of(write(tmp_path / "d", {"v": Raw(21, (), b"?")}))
    assert "v is of type 21" in said


def index(tmp_path: Path, entries: dict[bytes, bytes]) -> Path:
    (tmp_path / "x.index").write_bytes(write_table(entries))
    (tmp_path / "x.data-00000-of-00001").write_bytes(bytes(100))
    return tmp_path / "x"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (entry(1, [1 << 60, 4], 0, 0, 100, 0), "does not fit its shape"),
        (entry(1, [1 << 62, 1 << 62, 0], 0, 0, 0, 0xA282EAD8), "makes no sense"),
        (entry(1, [1] * 80, 0, 0, 4, masked_crc32c(crc32c(bytes(4)))), "makes no sense"),
        (entry(1, [-1, -4], 0, 0, 16, 0), "negative"),
        (entry(1, [1 << 60], 0, 0, 1 << 62, 0), "cut short"),
        (entry(1, [4], 0, 90, 16, 0), "cut short"),
        (entry(1, [4], 0, -16, 16, 0), "cut short"),
        (entry(1, [4], 1, 0, 16, 0), "in no file"),
        (entry(1, [4], -1, 0, 16, 0), "in no file"),
        (entry(7, [1 << 60], 0, 0, 100, 0), "does not fit its shape"),
        (entry(7, [3], 0, 0, 100, 0), "is damaged"),
        (entry(7, [], 0, 0, 0, 0), "damaged"),
        (b"\xff", "damaged"),
        (field(1, b"text"), "damaged"),
        (varint(2 << 3) + b"\x01", "damaged"),
        (varint(1 << 3 | 3), "damaged"),
        (field(2, b"ab")[:-1], "damaged"),
        (b"\x08" + b"\xff" * 11, "damaged"),
    ],
)
def test_an_entry_that_makes_no_sense(tmp_path, said, what):
    assert what in error_of(index(tmp_path, {b"": header(1), b"a": said}))


def test_a_name_that_no_line_should_hold(tmp_path):
    source = index(tmp_path, {b"": header(1), b"a\n\x1b[2J\xff": entry(21, [], 0, 0, 0, 0)})
    assert "a??[2J\\xff is of type 21" in error_of(source)


def test_no_header(tmp_path):
    assert "no header" in error_of(index(tmp_path, {b"a": entry(1, [4], 0, 0, 16, 0)}))
    assert "no header" in error_of(index(tmp_path, {b"": header(1 << 40)}))


def block(data: bytes) -> bytes:
    return data + b"\0" + struct.pack("<I", masked_crc32c(crc32c(data + b"\0")))


def hand_made(path: Path, blocks: bytes, handle: bytes) -> Path:
    footer = (varint(0) * 2 + handle).ljust(40, b"\0")
    path.write_bytes(blocks + footer + struct.pack("<Q", 0xDB4775248B80FB57))
    return path.with_suffix("")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        struct.pack("<I", 9),  # more restarts than there is room
        b"\x05\0\0" + struct.pack("<II", 0, 1),  # shares with no key before it
        b"\0\x09\0" + struct.pack("<II", 0, 1),  # a key behind the end
        b"\0\x80" + struct.pack("<II", 0, 1),
    ],
)
def test_a_damaged_block(tmp_path, data):
    sealed = block(data)
    handle = varint(0) + varint(len(data))
    assert "damaged" in error_of(hand_made(tmp_path / "x.index", sealed, handle))


def test_blocks_behind_the_end(tmp_path):
    for handle in (varint(0) + varint(1 << 62), varint(1 << 62) + varint(0), b"\xff" * 30):
        assert "damaged" in error_of(hand_made(tmp_path / "x.index", b"", handle))


def test_the_same_block_over_and_over(tmp_path):
    data = b"\0\x01\x01ab" + struct.pack("<II", 0, 1)
    sealed = block(data)
    here = varint(0) + varint(len(data))
    handles = (b"\0\x01" + varint(len(here)) + b"k" + here) * 50
    handles += struct.pack("<II", 0, 1)
    where = varint(len(sealed)) + varint(len(handles))
    path = hand_made(tmp_path / "x.index", sealed + block(handles), where)
    assert "damaged" in error_of(path)


def test_long_names_by_sharing_take_no_room(tmp_path):
    long = 1 << 20
    data = b"\0" + varint(long) + b"\0" + b"k" * long
    data += b"".join(varint(long + n) + b"\x01\0k" for n in range(2000))
    data += struct.pack("<II", 0, 1)
    sealed = block(data)
    here = varint(0) + varint(len(data))
    handles = b"\0\x01" + varint(len(here)) + b"k" + here + struct.pack("<II", 0, 1)
    where = varint(len(sealed)) + varint(len(handles))
    path = hand_made(tmp_path / "x.index", sealed + block(handles), where)
    tracemalloc.start()
    try:
        assert "names take more than 128 MiB" in error_of(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 28
    finally:
        tracemalloc.stop()


def test_long_paths_by_sharing_take_no_room(tmp_path):
    link = b"n" * 20_000
    graph = b"".join(field(1, field(1, field(1, n + 1) + field(2, link))) for n in range(300))
    prefix = write_bundle(tmp_path / "x", {}, graph=graph)
    with pytest.raises(ModelError, match="graph of objects is damaged"), open_bundle(prefix) as b:
        b.variables()


@given(st.lists(DAMAGE, min_size=1, max_size=3), st.integers(0, 2))
@settings(max_examples=300)
def test_damage_anywhere(many, which):
    keys = {f"{key}/.ATTRIBUTES/VARIABLE_VALUE": (f"m/{key}", key) for key in SMALL}
    graph = object_graph(keys)
    with tempfile.TemporaryDirectory() as folder:
        prefix = write_bundle(
            Path(folder) / "x",
            {**SMALL, "text": [b"one", b"", b"three"]},
            shards=2,
            graph=graph,
            slices={"a/bias": [((0, 1),), ((1, 1),)]},
            block_bytes=200,
        )
        whole = read(prefix)
        ends = (".index", ".data-00000-of-00002", ".data-00001-of-00002")
        path = prefix.with_name("x" + ends[which])
        data = path.read_bytes()
        for damage in many:
            data = damaged(data, damage)
        path.write_bytes(data)
        attempt(prefix, whole)


@given(st.binary(max_size=400), st.booleans(), st.sampled_from(["x.index", "x.tar", "x.tar.gz"]))
def test_any_bytes(data, magic, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data + struct.pack("<Q", 0xDB4775248B80FB57) * magic)
        looks_like_checkpoint(path)
        with pytest.raises(ModelError):
            read(path)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_where_messages_should_be(data):
    """With right checksums, so that they are read."""
    with tempfile.TemporaryDirectory() as folder:
        for entries in ({b"": data}, {b"": header(1), b"a": data, b"\0a": data}):
            message = message_of(index(Path(folder), entries))
            assert message is None or message.isprintable()
        message = message_of(write_bundle(Path(folder) / "y", {}, graph=data))
        assert message is None or message.isprintable()
