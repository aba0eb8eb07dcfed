from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import child
from kit.graph import Graph
from kit.tiny_model import (
    COUNT,
    DELAYED_BEHIND,
    LAYER_COUNT,
    LAYER_SUM,
    SUM,
    TINY,
    VARIANTS,
    clip_classifier,
    image_classifier,
)
from movinet.errors import LabelsError, ModelError, UsageError
from movinet.models import ModelInfo, StatePair, TensorInfo, read_info
from movinet.models.packing import pack

LABELS = ("jumping", "walking", "달리기 🏃", "no action")


def info_of(data: bytes, folder) -> ModelInfo:
    path = folder / "tiny.tflite"
    path.write_bytes(data)
    return read_info(path)


def error_of(data: bytes, folder) -> str:
    """The one line that both ways to a model say of a file."""
    path = folder / "tiny.tflite"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_info(path)
    message = str(caught.value)
    assert message.startswith(f"cannot use {path}: ")
    assert "\n" not in message
    return message.removeprefix(f"cannot use {path}: ")


# -- what a signature shows ---------------------------------------------------


@pytest.mark.parametrize("tiny", VARIANTS.values(), ids=VARIANTS)
def test_the_contract_that_a_signature_shows(tiny, tmp_path):
    info = read_info(tiny.write(tmp_path / "my model.v2.tflite"))
    image = (1, 8, 4, 3) if tiny.image_dims == 4 else (1, 1, 8, 4, 3)
    assert info.name == "my model.v2"
    assert info.signature == tiny.signature
    assert info.image == TensorInfo("image", image, "float32")
    assert info.size == (8, 4)
    assert info.logits == TensorInfo("logits", (1, tiny.classes), "float32")
    assert info.classes == tiny.classes
    assert (info.embedding is not None) == tiny.embedding
    assert info.contract == "signature"
    assert info.labels is None
    assert info.label(0) == "0"
    assert (info.temperature, info.resize, info.value_range) == (1, "stretch", (0, 1))


@pytest.mark.parametrize("tiny", VARIANTS.values(), ids=VARIANTS)
def test_the_states_that_a_signature_shows(tiny, tmp_path):
    info = read_info(tiny.write(tmp_path / "tiny.tflite"))
    initial = tiny.initial()
    assert [state.name for state in info.states] == sorted(initial)
    for state in info.states:
        assert state.shape == initial[state.name].shape
        assert state.dtype == initial[state.name].dtype.name
        assert (state.input, state.output, state.zero) == (state.name, state.name, 0)
        assert state.nbytes == initial[state.name].nbytes
    dead = set() if tiny.squeeze_excite else {LAYER_SUM, LAYER_COUNT}
    assert {state.name for state in info.states if state.passed_through} == dead
    assert {state.name for state in info.live_states} == initial.keys() - dead
    assert info.state_bytes == sum(initial[state.name].nbytes for state in info.live_states)


def test_squeeze_excite_makes_the_stream_form(tmp_path):
    assert info_of(TINY.data, tmp_path).form == "lite"
    assert info_of(VARIANTS["squeeze-excite"].data, tmp_path).form == "stream"


def test_an_output_that_is_the_input_of_another_state_is_alive(tmp_path):
    info = info_of(VARIANTS["delayed behind"].data, tmp_path)
    assert DELAYED_BEHIND in {state.name for state in info.live_states}


@pytest.mark.parametrize("weights", ["float32", "float16", "dynamic", "int8"])
def test_precision(weights, tmp_path):
    assert info_of(replace(TINY, weights=weights).data, tmp_path).precision == weights


@pytest.mark.parametrize(
    ("channels", "variant", "fps", "frames"),
    [
        (480, "a0", Fraction(5), 50),
        (600, "a1", Fraction(5), 50),
        (640, "a2", Fraction(5), 50),
        (744, "a3", Fraction(25, 2), 64),
        (856, "a4", Fraction(25, 3), 32),
        (992, "a5", Fraction(25, 2), 32),
        (240, "t0", Fraction(5, 2), 25),
        (3, None, Fraction(5), 50),
    ],
)
@pytest.mark.parametrize("dims", [4, 5])
def test_the_width_of_the_head_tells_the_variant(channels, variant, fps, frames, dims, tmp_path):
    info = info_of(replace(TINY, channels=channels, state_dims=dims).data, tmp_path)
    assert info.variant == variant
    assert (info.fps, info.clip_frames, info.horizon) == (fps, frames, frames)


@pytest.mark.parametrize(
    ("name", "kind", "layer"),
    [
        (SUM, "pool_buffer", "state_head"),
        (COUNT, "frame_count", "state_head"),
        ("state_block3_layer1_stream_buffer", "stream_buffer", "state_block3_layer1"),
        ("state_block3_layer1_pool_buffer", "pool_buffer", "state_block3_layer1"),
        ("state_block3_layer1_pool_frame_count", "frame_count", "state_block3_layer1"),
        ("memory", None, "memory"),
    ],
)
def test_what_the_name_of_a_state_says(name, kind, layer):
    pair = StatePair(name, (1,), "float32", name, name)
    assert (pair.kind, pair.layer) == (kind, layer)


# -- files that cannot be used ------------------------------------------------

USELESS = {
    "empty": (b"", "the file is empty"),
    "text": (b"this is not a model\n" * 20, "it is not a .tflite file"),
    "short": (b"TFL3", "it is not a .tflite file"),
    "head only": (TINY.data[:8], "damaged or cut short"),
    "image classifier": (image_classifier(), "no states, only image [1, 8, 4, 3]"),
    "whole clips": (clip_classifier(), "whole clip at a time (base form)"),
    "no signature": (replace(TINY, signature=None).data, "it has no signature"),
    "other shape": (
        replace(TINY, wrong="shape").data,
        "goes in as float32 [1, 2, 1, 1, 3] but comes out as float32 [1, 3, 1, 1, 3]",
    ),
    "other type": (
        replace(TINY, wrong="dtype").data,
        "goes in as float32 [1, 2, 1, 1, 3] but comes out as int32 [1, 2, 1, 1, 3]",
    ),
}


@pytest.mark.parametrize(("data", "words"), USELESS.values(), ids=USELESS)
def test_a_useless_file_ends_in_one_line(data, words, tmp_path):
    assert words in error_of(data, tmp_path)


def test_an_image_classifier_hears_what_is_missing(tmp_path):
    message = error_of(image_classifier(), tmp_path)
    assert "missing: inputs and outputs such as state_block0_layer0_pool_buffer" in message


def test_a_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read .*none\.tflite: No such file"):
        read_info(tmp_path / "none.tflite")


def test_a_folder(tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read .*: Is a directory"):
        read_info(tmp_path)


def strange(folder, inputs: dict, outputs: dict) -> str:
    """What is said of a file with these names, shapes and types beside one state."""
    graph = Graph()
    state = graph.tensor([1, 1, 1, 1, 3])
    ins = {"a_pool_buffer": state, **{n: graph.tensor(*spec) for n, spec in inputs.items()}}
    outs = {
        "a_pool_buffer": graph.tensor([1, 1, 1, 1, 3]),
        **{n: graph.tensor(*spec) for n, spec in outputs.items()},
    }
    return error_of(graph.finish(ins, outs, "main"), folder)


IMAGE, LOGITS = ([1, 1, 8, 4, 3],), ([1, 4],)


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ({"a": IMAGE, "b": IMAGE}, {"logits": LOGITS}, "one input beside the states"),
        ({"image": ([1, 1, 8, 4, 1],)}, {"logits": LOGITS}, "its image input is float32 [1, 1, 8"),
        ({"image": ([2, 8, 4, 3],)}, {"logits": LOGITS}, "expected float32 [1, H, W, 3]"),
        ({"image": ([1, 8, 4, 3], "int8")}, {"logits": LOGITS}, "its image input is int8"),
        ({"image": ([8, 3],)}, {"logits": LOGITS}, "its image input is float32 [8, 3]"),
        ({"image": IMAGE}, {}, "the logits, but has none"),
        ({"image": IMAGE}, {"a": LOGITS, "b": LOGITS}, "but has a float32 [1, 4], b float32"),
        ({"image": IMAGE}, {"logits": ([1, 4], "int8")}, "but has logits int8 [1, 4]"),
        (
            {"image": IMAGE, "b": ([1], "int64")},
            {"logits": LOGITS, "b": ([1], "int64")},
            "its state b is of type int64",
        ),
    ],
)
def test_a_strange_signature_is_described(inputs, outputs, words, tmp_path):
    assert words in strange(tmp_path, inputs, outputs)


def test_an_image_and_logits_of_other_names_are_found(tmp_path):
    graph = Graph()
    state = graph.tensor([1, 1, 1, 1, 3])
    inputs = {"x": graph.tensor([1, 8, 4, 3]), "pool_buffer": state}
    outputs = {"y": graph.tensor([1, 4]), "pool_buffer": graph.tensor([1, 1, 1, 1, 3])}
    info = info_of(graph.finish(inputs, outputs, "main"), tmp_path)
    assert (info.image.name, info.logits.name) == ("x", "y")


# -- damaged files ------------------------------------------------------------


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> bytes:
    """A tiny model with all that a contract can hold."""
    folder = tmp_path_factory.mktemp("packed")
    info = replace(info_of(TINY.data, folder), labels=LABELS, licence="Apache-2.0", temperature=2.0)
    return pack(TINY.data, info)


def flipped(data: bytes, flips: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for place, bits in flips:
        changed[place % len(data)] ^= bits
    return bytes(changed)


FLIPS = st.lists(st.tuples(st.integers(0, 1_000_000), st.integers(1, 255)), min_size=1, max_size=4)


@settings(max_examples=200)
@given(FLIPS)
def test_flipped_bytes_raise_nothing_but_our_own_errors(tmp_path_factory, flips):
    read_or_refused(flipped(TINY.data, flips), tmp_path_factory)


@settings(max_examples=200)
@given(FLIPS)
def test_flipped_bytes_of_a_packed_file(packed, tmp_path_factory, flips):
    read_or_refused(flipped(packed, flips), tmp_path_factory)


def read_or_refused(data: bytes, factory) -> None:
    path = factory.getbasetemp() / "damaged.tflite"
    path.write_bytes(data)
    try:
        answer = read_info(path)
    except ModelError as error:
        answer = str(error)
    assert isinstance(answer, ModelInfo) or (answer and "\n" not in answer)


def test_a_table_that_points_before_the_file(tmp_path):
    """Python counts negative places from the end, where something may well be found."""
    data = bytearray(200)
    struct.pack_into("<I4s", data, 0, 100, b"TFL3")
    struct.pack_into("<i", data, 100, 150)  # its list of fields lies at -50
    struct.pack_into("<HH", data, 150, 4, 4)
    assert "damaged or cut short" in error_of(bytes(data), tmp_path)


def test_signatures_of_other_subgraphs_do_not_count(tmp_path):
    model = schema.ModelT.InitFromPackedBuf(TINY.data, 0)
    model.signatureDefs[0].subgraphIndex = 1
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    assert "it has no signature" in error_of(bytes(builder.Output()), tmp_path)


@settings(max_examples=100)
@given(length=st.integers(0, 1_000_000), whole=st.booleans())
def test_cut_files_raise_nothing_but_our_own_errors(packed, tmp_path_factory, length, whole):
    data = packed if whole else TINY.data
    read_or_refused(data[: length % len(data)], tmp_path_factory)


# -- contracts that make no sense ---------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"labels": ("a", "b")}, LabelsError, "2 labels for tiny, which has 4 classes"),
        ({"labels": LABELS, "background": "sitting"}, LabelsError, "'sitting' of tiny is not"),
        ({"background": "jumping"}, LabelsError, "is not among its labels"),
        ({"resize": "pad"}, UsageError, "unknown resize rule 'pad'"),
        ({"fps": Fraction(0)}, UsageError, "above 0, not 0"),
        ({"fps": Fraction(-5)}, UsageError, "above 0, not -5"),
        ({"temperature": 0.0}, UsageError, "above 0, not 0"),
        ({"temperature": float("nan")}, UsageError, "above 0, not nan"),
        ({"horizon": 0}, UsageError, "horizon must be 1 frame or more, not 0"),
        ({"value_range": (1.0, 1.0)}, UsageError, "value range"),
        ({"value_range": (0.0, float("inf"))}, UsageError, "value range"),
    ],
)
def test_a_contract_checks_itself(change, error, words, tmp_path):
    info = info_of(TINY.data, tmp_path)
    with pytest.raises(error, match=words):
        replace(info, **change)


def test_with_labels(tmp_path):
    info = info_of(TINY.data, tmp_path)
    named = info.with_labels(LABELS, "labels.txt")
    assert named.labels == LABELS
    assert named.label(2) == "달리기 🏃"
    with pytest.raises(LabelsError, match=r"^labels\.txt has 3 labels but tiny has 4 classes"):
        info.with_labels(LABELS[:3], "labels.txt")


def test_other_labels_keep_the_background_only_if_it_is_among_them(tmp_path):
    info = replace(info_of(TINY.data, tmp_path), labels=LABELS, background="no action")
    assert info.with_labels(LABELS[::-1], "x").background == "no action"
    assert info.with_labels(("a", "b", "c", "d"), "x").background is None


# -- cut files ----------------------------------------------------------------

_OPEN_ALL = """
import sys
from pathlib import Path
import movinet

data = Path(sys.argv[1]).read_bytes()
cut = Path(sys.argv[1] + ".cut")
for length in map(int, sys.argv[2].split()):
    print(length, end=" ", flush=True)
    cut.write_bytes(data[:length])
    try:
        movinet.open_model(cut)
        print("opened")
    except movinet.MovinetError as error:
        print(error)
"""


@pytest.mark.parametrize("kind", ["plain", "packed"])
def test_a_cut_file_never_crashes(kind, packed, tmp_path):
    data = TINY.data if kind == "plain" else packed
    path = tmp_path / "tiny.tflite"
    path.write_bytes(data)
    lengths = [round(len(data) * place / 50) for place in range(50)]
    done = child.python(_OPEN_ALL, path, " ".join(map(str, lengths)))
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 50
    for length, line in zip(lengths, lines, strict=True):
        assert line.startswith(f"{length} cannot use {path}.cut: "), line


def test_a_whole_file_is_opened_by_the_same_code(tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    done = child.python(_OPEN_ALL, path, str(len(TINY.data)))
    assert done.stdout.decode() == f"{len(TINY.data)} opened\n"
