"""Real model files: their contract, and the numbers of the official code."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import movinet
from kit.real import COWS, GOLDEN, INT8, LABELS, OFFICIAL, VIDEOS
from movinet.models import read_labels
from movinet.models.packing import pack_model


def golden_video(resolution: int, frames: int) -> np.ndarray:
    """The input video of a golden case, `[T, R, R, 3]`; its README gives the rule."""
    base = np.random.default_rng(7).random(
        (1, 1, resolution // 8 + 1, resolution // 8 + 1, 3), dtype=np.float32
    )
    big = np.kron(base, np.ones((1, 1, 8, 8, 1), np.float32))
    shifted = [np.roll(big, (3 * t, 2 * t), axis=(2, 3)) for t in range(frames)]
    return np.concatenate([f[0, :, :resolution, :resolution] for f in shifted])


def test_the_official_int8_file():
    info = movinet.read_info(INT8)
    assert (info.variant, info.form, info.precision) == ("a0", "lite", "int8")
    assert (info.size, info.classes, info.fps, info.horizon) == ((172, 172), 600, 5, 50)
    assert (info.signature, info.contract, info.labels) == ("serving_default", "signature", None)
    assert (len(info.states), len(info.live_states)) == (43, 13)
    assert sum(state.nbytes for state in info.states) == 2_696_832
    assert {s.kind for s in info.states} == {"stream_buffer", "pool_buffer", "frame_count"}


def test_the_cow_file():
    info = movinet.read_info(COWS)
    assert (info.variant, info.form, info.precision) == ("a0", "stream", "dynamic")
    assert (info.signature, info.classes, len(info.live_states)) == ("call", 7, 43)


@pytest.mark.parametrize(
    ("name", "variant", "precision", "states"),
    [
        ("official_a0_stream_float32", "a0", "float32", 43),
        ("official_a0_stream_dynamic", "a0", "dynamic", 43),
        ("official_a0_stream_int8", "a0", "int8", 43),
        ("official_a2_stream_dynamic", "a2", "dynamic", 73),
    ],
)
def test_files_of_the_official_tool(name, variant, precision, states):
    info = movinet.read_info(OFFICIAL / f"{name}.tflite")
    assert (info.variant, info.form, info.precision) == (variant, "stream", precision)
    assert len(info.live_states) == states


def test_float32_gives_the_official_logits_frame_by_frame():
    case = json.loads((GOLDEN / "a0_stream.json").read_text())
    expected = np.load(GOLDEN / "a0_stream.npz")["stream_logits"]
    model = movinet.open_model(OFFICIAL / "official_a0_stream_float32.tflite")
    state = model.initial_state()
    video = golden_video(case["resolution"], case["frames"])
    assert len(video) == len(expected)
    for image, logits in zip(video, expected, strict=True):
        got, state = model.step(image, state)
        np.testing.assert_allclose(got, logits, atol=1e-4, rtol=0)


@pytest.mark.parametrize("path", [INT8, COWS, OFFICIAL / "official_a2_stream_dynamic.tflite"])
def test_steps_equal_the_plain_signature_loop(path):
    from ai_edge_litert.interpreter import Interpreter

    model = movinet.open_model(path)
    runner = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    details = runner.get_input_details()
    states = {n: np.zeros(d["shape"], d["dtype"]) for n, d in details.items() if n != "image"}
    state = model.initial_state()
    height, width = model.info.size
    random = np.random.default_rng(0)
    for _ in range(12):
        image = random.random((height, width, 3), np.float32)
        states = runner(image=image.reshape(details["image"]["shape"]), **states)
        logits, state = model.step(image, state)
        assert np.array_equal(logits, states.pop("logits").ravel())
    for pair in model.info.live_states:
        assert np.array_equal(state.get(pair.name), states[pair.name]), pair.name


def test_up_to_the_horizon_nothing_differs_from_the_official_behaviour():
    classifiers = [movinet.load(COWS), movinet.load(COWS, horizon=None)]
    streams = [classifier.stream() for classifier in classifiers]
    random = np.random.default_rng(1)
    images = [random.integers(0, 256, (172, 172, 3), np.uint8) for _ in range(52)]
    for number, image in enumerate(images):
        with_horizon, without = (stream.push(image).scores for stream in streams)
        assert np.array_equal(with_horizon, without) == (number < 50)


def test_cow_scores_are_as_published():
    classifier = movinet.load(COWS, labels=COWS.with_name("cow_label_map.txt"))
    best = classifier.classify(VIDEOS / "carving_ice_172.mp4").top(1)[0]
    assert best.label == "active-standing"
    assert best.score == pytest.approx(0.341, abs=0.03)


def test_packing_labels_into_the_official_file(tmp_path):
    target = tmp_path / "a0.tflite"
    labels = read_labels(LABELS)
    info = replace(
        movinet.read_info(INT8).with_labels(labels, "labels"), licence="Apache-2.0", name="a0"
    )
    written = pack_model(INT8, info, target)
    assert written == replace(info, contract="movinet.json")
    assert target.stat().st_size < INT8.stat().st_size + 100_000
    images = [np.full((172, 172, 3), value, np.uint8) for value in (0, 90, 200)]
    plain = [p.scores for p in movinet.load(INT8).watch(images)]
    packed = [p.scores for p in movinet.load(target).watch(images)]
    assert np.array_equal(plain, packed)


def test_interleaved_streams_equal_streams_alone():
    classifier = movinet.load(INT8)
    videos = {}
    for name in ("yoga.mp4", "carving_ice_172.mp4", "horse_riding.gif"):
        with classifier.open(VIDEOS / name) as source:
            videos[name] = [frame.image for frame in source][:20]
    alone = {n: [p.scores for p in classifier.watch(v)] for n, v in videos.items()}
    streams = {name: classifier.stream() for name in videos}
    for number, name in itertools.product(range(20), videos):
        scores = streams[name].push(videos[name][number]).scores
        assert np.array_equal(scores, alone[name][number])


def test_a_cut_file_is_one_line_and_never_a_crash(tmp_path):
    """All 50 cuts in a child process, so that a crash of LiteRT would be seen as one."""
    script = """
import sys
from pathlib import Path
import movinet
data = Path(sys.argv[1]).read_bytes()
cut = Path(sys.argv[2])
for number in range(50):
    cut.write_bytes(data[: len(data) * number // 50])
    try:
        movinet.open_model(cut)
    except movinet.MovinetError as error:
        assert str(cut) in str(error) and "\\n" not in str(error), str(error)
    else:
        raise AssertionError(f"cut {number} was accepted")
print("all refused")
"""
    run = subprocess.run(
        [sys.executable, "-c", script, INT8, tmp_path / "cut.tflite"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "all refused\n", "")


def test_show_names_licence_and_source_of_the_official_file():
    shown = subprocess.run(
        [sys.executable, "-m", "movinet", "models", "show", INT8, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    contract = json.loads(shown.stdout)
    assert contract["licence"] == "Apache-2.0"
    assert "Google" in contract["source"]
    assert contract["accuracy"] == {"top-1": 65.04}
    assert [state["kind"] for state in contract["states"]].count("stream_buffer") == 11
