"""The contract of an .onnx: what its names show, what is written into it, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.tiny_model import DELAYED_BEHIND, LAYER_COUNT, LAYER_SUM, SUM, TINY, VARIANTS
from kit.tiny_onnx import tiny_onnx
from movinet.errors import LabelsError, ModelError
from movinet.models import ModelInfo, TensorInfo, read_info
from movinet.models.onnxfile import pack_onnx, parse_onnx
from movinet.models.wire import field, fields, number, spans, varint

onnx = pytest.importorskip("onnx")

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


def info_of(data: bytes, folder, name: str = "tiny.onnx") -> ModelInfo:
    path = folder / name
    path.write_bytes(data)
    return read_info(path)


def error_of(data: bytes, folder, name: str = "tiny.onnx") -> str:
    with pytest.raises(ModelError) as caught:
        info_of(data, folder, name)
    message = str(caught.value)
    assert message.startswith(f"cannot use {folder / name}: ")
    assert "\n" not in message
    return message.removeprefix(f"cannot use {folder / name}: ")


# -- what the names show ------------------------------------------------------


@pytest.mark.parametrize("tiny", VARIANTS.values(), ids=VARIANTS)
def test_it_shows_what_the_same_tflite_shows(tiny, tmp_path):
    shown = info_of(tiny_onnx(tiny), tmp_path)
    wanted = read_info(tiny.write(tmp_path / "tiny.tflite"))
    assert shown.signature == "tiny"
    for key in ("name", "variant", "form", "precision", "image", "logits", "embedding", "fps"):
        assert getattr(shown, key) == getattr(wanted, key), key
    assert shown.contract == "signature"
    for ours, theirs in zip(shown.states, wanted.states, strict=True):
        assert (ours.name, ours.shape, ours.dtype) == (theirs.name, theirs.shape, theirs.dtype)
        assert ours.passed_through == theirs.passed_through
        assert ours.input == ours.name
        assert ours.output == (ours.name if ours.passed_through else f"{ours.name}_out")


def test_what_goes_through_and_what_does_not(tmp_path):
    states = {state.name: state for state in info_of(tiny_onnx(TINY), tmp_path).states}
    assert {name for name, state in states.items() if state.passed_through} == {
        LAYER_SUM,
        LAYER_COUNT,
    }


def test_precision(tmp_path):
    assert info_of(tiny_onnx(VARIANTS["float16"]), tmp_path).precision == "float16"
    assert info_of(tiny_onnx(TINY), tmp_path).precision == "float32"


def changed(change) -> bytes:
    model = onnx.load_from_string(tiny_onnx(TINY))
    change(model)
    return model.SerializeToString()


def test_eight_bit_weights_and_values(tmp_path):
    def weights(model):
        tensor = onnx.helper.make_tensor("w", onnx.TensorProto.INT8, [2], [1, 2])
        model.graph.initializer.append(tensor)

    def values(model):
        model.graph.node.append(onnx.helper.make_node("QuantizeLinear", ["x", "s"], ["y"]))

    assert info_of(changed(weights), tmp_path).precision == "dynamic"
    assert info_of(changed(values), tmp_path).precision == "int8"


def test_weights_that_are_inputs_as_in_old_files(tmp_path):
    def old(model):
        name = model.graph.initializer[0].name
        value = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4])
        model.graph.input.append(value)

    assert info_of(changed(old), tmp_path) == info_of(tiny_onnx(TINY), tmp_path)


def test_a_delay_line(tmp_path):
    def line(model):
        for name in ("x_buffer_0", "x_buffer_1", "x_buffer_1_out"):
            value = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3])
            (model.graph.output if name.endswith("_out") else model.graph.input).append(value)

    states = {state.name: state for state in info_of(changed(line), tmp_path).states}
    assert (states["x_buffer_0"].output, states["x_buffer_0"].moves_from) == (None, "x_buffer_1")
    assert (states["x_buffer_1"].output, states["x_buffer_1"].moves_from) == (
        "x_buffer_1_out",
        None,
    )


# -- which file is what -------------------------------------------------------


def test_the_content_decides_and_not_the_name(tmp_path):
    assert info_of(TINY.data, tmp_path, "really_a_tflite.onnx").signature == "serving_default"
    assert info_of(tiny_onnx(TINY), tmp_path, "model").signature == "tiny"
    assert info_of(tiny_onnx(TINY), tmp_path, "really_an.tflite").signature == "tiny"


WEIGHTS = (8).to_bytes(8, "little") + b'{"a":{}}'


@pytest.mark.parametrize("name", ["mine.safetensors", "mine"])
def test_weights_are_no_model(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(WEIGHTS)
    with pytest.raises(ModelError) as caught:
        read_info(path)
    assert str(caught.value) == (
        f"cannot use {path}: it holds weights, which no backend runs; "
        f"'movinet export {path} --to litert' makes a model file of them"
    )


def free(value) -> None:
    """Leave the second dimension open."""
    value.type.tensor_type.shape.dim[1].dim_param = "anything"


def clip():
    info = onnx.helper.make_tensor_value_info
    return onnx.helper.make_graph(
        [],
        "clip",
        [info("clip", onnx.TensorProto.FLOAT, [5, 8, 4, 3])],
        [info("logits", onnx.TensorProto.FLOAT, [1, 4])],
    )


def to_sequence(model) -> None:
    value = model.graph.input[0]
    value.type.Clear()
    value.type.sequence_type.elem_type.tensor_type.elem_type = 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"this is no model\n" * 20, "it is not an .onnx file"),
        (b"\x08\x08", "it is not an .onnx file"),
        (field(7, b""), "it is not an .onnx file"),
        (b"\x08\x08" + field(7, b""), "it has no states"),
        (tiny_onnx(TINY)[:-100], "the file is damaged or cut short"),
        (changed(lambda model: free(model.graph.input[0])), "its image input is float32 [1, -1"),
        (changed(lambda model: free(model.graph.input[1])), "has no fixed shape: [1, -1"),
        (changed(to_sequence), "its image is no tensor"),
    ],
)
def test_a_useless_file_ends_in_one_line(data, words, tmp_path):
    assert words in error_of(data, tmp_path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read .*none\.onnx: No such file"):
        read_info(tmp_path / "none.onnx")


# -- a contract inside --------------------------------------------------------


def test_there_and_back(tmp_path):
    data = tiny_onnx(TINY)
    info = replace(info_of(data, tmp_path), **FULL)
    packed = pack_onnx(data, info, author="나")
    assert info_of(packed, tmp_path, "other.onnx") == replace(info, contract="movinet.json")
    model = onnx.load_from_string(packed)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(said.pop("movinet.json")) == info.to_dict()
    assert said == {"labels": "\n".join(LABELS), "licence": "CC-BY-4.0", "author": "나"}
    assert model.graph == onnx.load_from_string(data).graph


def test_an_older_contract_is_replaced_and_what_others_said_stays(tmp_path):
    data = tiny_onnx(TINY, {"stage": "final", "labels": "a\nb\nc\nd"})
    info = info_of(data, tmp_path)
    assert info.labels == ("a", "b", "c", "d")
    once = pack_onnx(data, replace(info, labels=LABELS))
    twice = pack_onnx(once, replace(info, labels=LABELS))
    assert once == twice
    assert dict(parse_onnx(once).properties)["stage"] == "final"
    assert info_of(pack_onnx(once, info), tmp_path).labels == ("a", "b", "c", "d")


def test_a_contract_that_does_not_fit(tmp_path):
    info = info_of(tiny_onnx(VARIANTS["delayed behind"]), tmp_path)
    with pytest.raises(ModelError, match=f"names a state {DELAYED_BEHIND} that it does not have"):
        pack_onnx(tiny_onnx(TINY), info)


@pytest.mark.parametrize("label", ["", " a", "a\nb", "a\0"])
def test_a_label_that_is_no_line(label, tmp_path):
    info = replace(info_of(tiny_onnx(TINY), tmp_path), labels=("a", "b", "c", label))
    with pytest.raises(LabelsError, match="cannot be a line of a label list"):
        pack_onnx(tiny_onnx(TINY), info)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{", "its movinet.json is damaged"),
        ("[]", "its movinet.json is damaged"),
        ("{}", r"its movinet.json is damaged ('states' is missing)"),
        ('{"states": [{"name": "a", "input": "b", "output": "c"}]}', "a state b that it does not"),
    ],
)
def test_a_damaged_contract(said, words, tmp_path):
    assert words in error_of(tiny_onnx(TINY, {"movinet.json": said}), tmp_path)


def test_labels_of_another_number(tmp_path):
    data = tiny_onnx(TINY, {"labels": "a\nb"})
    with pytest.raises(LabelsError, match="2 labels for tiny, which has 4 classes"):
        info_of(data, tmp_path)


# -- damage -------------------------------------------------------------------


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("packed")
    return pack_onnx(tiny_onnx(TINY), replace(info_of(tiny_onnx(TINY), folder), **FULL))


def read_or_refused(data: bytes, factory) -> None:
    path = factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(data)
    try:
        answer = read_info(path)
    except ModelError as error:
        answer = str(error)
    assert isinstance(answer, ModelInfo) or (answer and "\n" not in answer)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 1_000_000), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes_raise_nothing_but_our_own_errors(packed, tmp_path_factory, flips):
    damaged = bytearray(packed)
    for place, bits in flips:
        damaged[place % len(damaged)] ^= bits
    read_or_refused(bytes(damaged), tmp_path_factory)


@settings(max_examples=100)
@given(st.integers(0, 1_000_000))
def test_cut_files_raise_nothing_but_our_own_errors(packed, tmp_path_factory, length):
    read_or_refused(packed[: length % len(packed)], tmp_path_factory)


# -- the wire -----------------------------------------------------------------


@given(st.integers(0, 2**64 - 1))
def test_a_number_goes_round(value):
    data = number(value)
    assert varint(data, 0) == (value, len(data))


@given(st.lists(st.tuples(st.integers(1, 1000), st.binary(max_size=300)), max_size=8))
def test_fields_go_round(entries):
    data = b"".join(field(tag, content) for tag, content in entries)
    assert list(fields(data)) == entries
    assert [(tag, bytes(part)) for tag, part in fields(memoryview(data))] == entries
    places = list(spans(data))
    assert [place.number for place in places] == [tag for tag, _ in entries]
    assert b"".join(data[place.start : place.end] for place in places) == data


def test_tensors_are_shown_in_full(tmp_path):
    info = info_of(tiny_onnx(TINY), tmp_path)
    assert info.image == TensorInfo("image", (1, 1, 8, 4, 3), "float32")
    assert info.live_states[-2].name == SUM
