"""Files for LiteRT: what they are made of, and that they are still the network."""

from __future__ import annotations

import numpy as np
import pytest

import movinet
from kit.networks import small
from kit.tiny_model import TinyModel
from movinet.errors import LabelsError, ModelError, OutputError, UsageError
from movinet.export import compare, export, file_trace, network_trace
from movinet.export.clips import made_up_clip
from movinet.export.litert import ALLOWED, check_tflite, write_tflite
from movinet.export.lowering import lower_step
from movinet.models import read_info
from movinet.models.tflite import parse_tflite
from movinet.runtime.clip import clip_logits
from movinet.runtime.litert import interpreter_of

FORMS = ({}, {"form": "lite"}, {"conv_type": "3d"}, {"positional_encoding": True})


def partitions(data: bytes) -> tuple[int, int]:
    """How many pieces XNNPACK took, and how many operations the file has itself."""
    names = [o["op_name"] for o in interpreter_of(data)._get_ops_details()]
    return names.count("DELEGATE"), len(names) - names.count("DELEGATE")


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
@pytest.mark.parametrize("options", FORMS, ids=str)
def test_it_is_the_same_network(options, precision, clip, clips, tmp_path):
    net = small(**options)
    path = tmp_path / "t0.tflite"
    export(net, path, precision=precision, clips=clips if precision == "int8" else ())
    reference = network_trace(net, clip)
    difference = compare(precision, reference, file_trace(path, clip), precision)
    assert difference.same, difference
    assert difference.states_max is not None
    if precision == "float32":
        assert difference.logits_max < 2e-5
        assert difference.states_max < 1e-5


@pytest.mark.parametrize("options", FORMS, ids=str)
def test_float32_is_one_piece_of_plain_operations(options):
    net = small(**options)
    data = write_tflite(lower_step(net))
    assert partitions(data)[0] == 1
    shapes = [d["shape"] for d in interpreter_of(data).get_tensor_details()]
    assert max(len(shape) for shape in shapes) == 4
    names = {o["op_name"] for o in interpreter_of(data)._get_ops_details()} - {"DELEGATE"}
    assert names <= ALLOWED
    assert "TRANSPOSE" not in names


def test_int8_is_one_piece_too(clips, tmp_path):
    for form in ("stream", "lite"):
        path = tmp_path / f"{form}.tflite"
        export(small(form), path, precision="int8", clips=clips)
        assert partitions(path.read_bytes())[0] == 1


def test_sizes_fall_with_the_precision(clips, tmp_path):
    sizes = {}
    for precision in ("float32", "float16", "dynamic", "int8"):
        exported = export(
            small(), tmp_path / f"{precision}.tflite", precision=precision, clips=clips
        )
        assert exported.size == exported.path.stat().st_size
        sizes[precision] = exported.size
    assert sizes["float16"] < 0.55 * sizes["float32"]
    assert sizes["dynamic"] < 0.35 * sizes["float32"]
    assert sizes["int8"] < 0.35 * sizes["float32"]


def test_same_network_same_bytes(clips, tmp_path):
    written = []
    for number in range(2):
        path = tmp_path / str(number) / "x.tflite"
        path.parent.mkdir()
        export(small(), path, precision="int8", clips=clips)
        written.append(path.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_file_says_all_of_itself(precision, clips, tmp_path):
    net = small()
    path = tmp_path / "squats.tflite"
    export(net, path, precision=precision, clips=clips, embedding=True)
    info = read_info(path)
    assert info.contract == "movinet.json"
    assert (info.name, info.variant, info.form, info.precision) == (
        "squats",
        "t0",
        "stream",
        precision,
    )
    assert info.labels == net.info.labels
    assert (info.fps, info.clip_frames) == (net.info.fps, net.info.clip_frames)
    assert info.licence == "Apache-2.0"
    assert info.image.shape == (1, 45, 38, 3)
    assert info.image.dtype == info.logits.dtype == "float32"
    metadata = parse_tflite(path.read_bytes()).metadata
    assert metadata is not None
    assert metadata.value_range == (0.0, 1.0)
    buffers = [state for state in info.states if state.kind == "stream_buffer"]
    assert {state.dtype for state in buffers} == {"int8" if precision == "int8" else "float32"}
    others = {state.dtype for state in info.states if state.kind != "stream_buffer"}
    assert others == {"float32"}
    # It runs with nothing else said.
    classifier = movinet.load(path)
    random = np.random.default_rng(1)
    frames = random.integers(0, 256, (30, 60, 80, 3), np.uint8)
    *_, last = classifier.watch(frames)
    assert last.top(1)[0].label in net.info.labels
    assert classifier.classify(frames).embedding.shape == (240,)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_embedding_is_that_of_the_network(precision, clip, clips, tmp_path):
    net = small()
    path = tmp_path / "x.tflite"
    export(net, path, precision=precision, clips=clips, embedding=True)
    import torch

    with torch.inference_mode():
        wanted = net(torch.from_numpy(clip)[None], features=True)[0].numpy()
    model = movinet.runtime.open_model(path)
    state = model.initial_state()
    for frame in clip:
        _, state = model.step(frame, state)
    given = model.embedding(state)
    limit = 1e-5 if precision == "float32" else 0.2 * wanted.std()
    assert np.sqrt(((given - wanted) ** 2).mean()) < limit


def test_a_stream_may_be_copied_saved_and_interleaved(clip, tmp_path):
    """Past frames that move up must not be mixed up between streams."""
    path = tmp_path / "x.tflite"
    export(small(), path)
    model = movinet.runtime.open_model(path)
    alone = file_trace(path, clip).logits
    one, two = model.initial_state(), model.initial_state()
    for number, frame in enumerate(clip):
        logits, one = model.step(frame, one)
        np.testing.assert_array_equal(logits, alone[number])
        _, two = model.step(clip[-1 - number], two)
        one = model.state_from_bytes(one.copy().to_bytes())


def test_a_file_that_lost_its_contract_still_runs(clip, tmp_path):
    net = small()
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(write_tflite(lower_step(net)))
    assert read_info(bare).contract == "signature"
    whole = tmp_path / "whole.tflite"
    export(net, whole)
    np.testing.assert_array_equal(file_trace(bare, clip).logits, file_trace(whole, clip).logits)


def test_the_horizon_works_on_our_files(tmp_path):
    """Up to the horizon nothing changes; after it the oldest frame is forgotten."""
    net = small("lite", size=(20, 20))
    path = tmp_path / "x.tflite"
    export(net, path)
    random = np.random.default_rng(5)
    frames = random.integers(0, 256, (12, 20, 20, 3), np.uint8)
    endless = [p.scores for p in movinet.load(path, horizon=None).watch(frames)]
    short = [p.scores for p in movinet.load(path, horizon=6).watch(frames)]
    np.testing.assert_array_equal(endless[:6], short[:6])
    assert np.abs(endless[-1] - short[-1]).max() > 1e-6


class TestBadInput:
    def test_int8_without_clips(self, tmp_path):
        with pytest.raises(UsageError, match="int8 needs clips"):
            export(small(), tmp_path / "x.tflite", precision="int8")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"to": "coreml"}, "unknown kind of file 'coreml': use litert or onnx"),
            ({"precision": "int4"}, "unknown precision 'int4'"),
            ({"to": "onnx", "precision": "int8"}, "cannot be int8"),
            ({"to": "onnx"}, "ends in .onnx"),
        ],
    )
    def test_a_kind_that_there_is_not(self, options, message, tmp_path):
        with pytest.raises(UsageError, match=message):
            export(small(), tmp_path / "x.tflite", **options)

    def test_no_such_folder(self, tmp_path):
        with pytest.raises(OutputError, match="there is no folder"):
            export(small(), tmp_path / "nowhere" / "x.tflite")

    def test_a_label_that_cannot_be_a_line(self, tmp_path):
        net = small(classes=2)
        import dataclasses

        net.info = dataclasses.replace(net.info, labels=("sit", "stand\nup"))
        with pytest.raises(LabelsError, match="cannot be a line"):
            export(net, tmp_path / "x.tflite")
        assert not list(tmp_path.iterdir())

    def test_nothing_is_left_of_an_export_that_fails(self, tmp_path, monkeypatch):
        path = tmp_path / "x.tflite"
        path.write_bytes(b"what was there before")

        def refuse(data):
            raise ModelError("LiteRT refuses the file that was written: no")

        monkeypatch.setattr("movinet.export.exporting.check_tflite", refuse)
        with pytest.raises(ModelError, match="refuses"):
            export(small(), path)
        assert path.read_bytes() == b"what was there before"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_foreign_operation_is_not_let_through(self):
        with pytest.raises(ModelError, match="operations that it must not have"):
            check_tflite(TinyModel().data)


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
def test_a_clip_model(suffix, tmp_path):
    net = small("base")
    path = tmp_path / f"base{suffix}"
    export(net, path, to="onnx" if suffix == ".onnx" else "litert", frames=6)
    info = read_info(path)
    assert (info.form, info.states, info.image.shape) == ("base", (), (6, 45, 38, 3))
    frames = made_up_clip((45, 38), 6)
    difference = compare("clip", network_trace(net, frames), file_trace(path, frames))
    assert difference.logits_max < 2e-5
    with pytest.raises(ModelError, match="whole clip at a time"):
        movinet.load(path)
    with pytest.raises(UsageError, match=r"the clip is \[5, 45, 38, 3\] but"):
        clip_logits(path, frames[:5])


def test_a_base_network_cannot_be_int8(clips, tmp_path):
    with pytest.raises(UsageError, match="base form cannot be int8"):
        export(small("base"), tmp_path / "x.tflite", precision="int8", clips=clips)
