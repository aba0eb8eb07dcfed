"""Exported files of real networks: the official numbers, and int8 that keeps its accuracy."""

from __future__ import annotations

import numpy as np
import pytest

import movinet
from kit.real import GOLDEN, INT8, LABELS, REAL, VIDEOS
from movinet.export import export
from movinet.export.clips import read_clips
from movinet.frames.discovery import find_videos
from movinet.models import read_labels
from movinet.runtime import open_model
from movinet.stream.prediction import softmax
from movinet.weights import read
from real.test_accuracy import BEYOND_THE_FILE, LABELLED
from real.test_golden_network import imported, video
from real.test_network_on_videos import pictures
from real.test_tensorflow_weights import case

ALL = {**LABELLED, **BEYOND_THE_FILE}


@pytest.mark.parametrize(
    ("suffix", "backend", "bound"),
    [(".tflite", "litert", 1e-4), (".onnx", "onnxruntime", 1e-4), (".onnx", "openvino", 1e-3)],
)
def test_the_golden_stream(suffix, backend, bound, tmp_path):
    pytest.importorskip(backend if backend != "litert" else "ai_edge_litert")
    name = "a0_stream"
    path = tmp_path / f"{name}{suffix}"
    export(imported(name, tmp_path), path, to="onnx" if suffix == ".onnx" else "litert")
    model = open_model(path, backend=backend)
    state = model.initial_state()
    golden = np.load(GOLDEN / f"{name}.npz")["stream_logits"]
    frames = video(case(name))[0].permute(1, 2, 3, 0).numpy()
    for frame, wanted in zip(frames, golden, strict=True):
        logits, state = model.step(frame, state)
        assert np.abs(logits - wanted).max() <= bound


def test_the_golden_base_as_a_clip_model(tmp_path):
    net = imported("a0_base", tmp_path)
    frames = video(case("a0_base"))[0].permute(1, 2, 3, 0).contiguous().numpy()
    path = tmp_path / "base.tflite"
    export(net, path, frames=len(frames))
    golden = np.load(GOLDEN / "a0_base.npz")["clip_logits"]
    logits = movinet.runtime.clip.clip_logits(path, frames)
    assert np.abs(logits - golden).max() <= 1e-4 * golden.std()


@pytest.fixture(scope="module")
def lite():
    return read(INT8, labels=read_labels(LABELS)).net


def scores(path, frames):
    """After every frame, `[T, classes]`."""
    model = open_model(path)
    state, rows = model.initial_state(), []
    for frame in frames:
        logits, state = model.step(frame, state)
        rows.append(softmax(logits))
    return np.stack(rows)


def test_int8_says_what_float_says(lite, tmp_path):
    """Calibrated on street videos, tried on others: sport, cooking, reading."""
    clips = read_clips(find_videos(str(REAL / "finetune")), lite.info)
    int8, float32 = tmp_path / "int8.tflite", tmp_path / "float32.tflite"
    exported = export(lite, int8, precision="int8", clips=clips.frames)
    assert exported.choice.error < 0.06
    assert not [cost.layer for cost in exported.choice.costs if cost.kept_float]
    assert exported.size <= 3_200_000
    export(lite, float32)
    differences, same, count = {}, 0, 0
    for name, label in ALL.items():
        frames, place = pictures(name), lite.info.labels.index(label)
        ours, exact = scores(int8, frames), scores(float32, frames)
        official = movinet.load(INT8, labels=LABELS, horizon=None).classify(VIDEOS / name)
        if official.scores.argmax() == place:
            assert ours[-1].argmax() == place, name
        differences[name] = abs(float(ours[-1, place] - exact[-1, place]))
        same += int((ours.argmax(1) == exact.argmax(1)).sum())
        count += len(frames)
    assert max(differences.values()) <= 0.10, differences
    assert np.mean(list(differences.values())) <= 0.03, differences
    assert same / count >= 0.97, f"{same} of {count}"


@pytest.mark.parametrize("precision", ["float16", "dynamic"])
def test_smaller_weights_change_next_to_nothing(precision, lite, tmp_path):
    small, whole = tmp_path / "small.tflite", tmp_path / "whole.tflite"
    export(lite, small, precision=precision)
    export(lite, whole)
    frames = pictures("yoga.mp4")
    assert np.abs(scores(small, frames) - scores(whole, frames)).max() < 0.03


def test_int8_does_not_fade_on_a_long_stream(lite, tmp_path):
    """The official file's sum is 8-bit: after 500 frames 0.4 is left of 0.98."""
    clips = read_clips(find_videos(str(REAL / "finetune"))[::6], lite.info)
    path = tmp_path / "int8.tflite"
    export(lite, path, precision="int8", clips=clips.frames)
    frames = pictures("carving_ice_172.mp4")
    place = lite.info.labels.index("carving ice")
    stream = movinet.load(path, horizon=None).stream()
    last = None
    for number in range(400):
        last = stream.push(frames[number % len(frames)])
    assert last.scores[place] > 0.95
