"""`movinet evaluate` on real clips."""

from __future__ import annotations

import json
import subprocess
import sys

from kit.real import INT8, LABELS, OFFICIAL, VIDEOS
from movinet.export import export
from movinet.models import read_labels
from movinet.weights import read

CLIPS = {
    "carving_ice_172.mp4": "carving_ice",
    "arm_wrestling.mp4": "Arm wrestling",
    "yoga.mp4": "yoga",
    "archery.avi": "archery",  # hard for this model
    "corrupted.mp4": "yoga",  # has damaged packets; nothing is claimed of what it shows
}


def test_the_official_model_on_clips_that_it_knows(tmp_path):
    listed = tmp_path / "list.csv"
    rows = [f"{VIDEOS / name},{label}" for name, label in CLIPS.items()]
    listed.write_text("\n".join(["path,label", *rows]))
    report = tmp_path / "report.html"
    other = OFFICIAL / "official_a0_stream_int8.tflite"  # its weights are random
    models = ["--model", str(INT8), "--model", str(other)]
    options = ["--labels", str(LABELS), "--json", "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "movinet", "evaluate", str(listed), *models, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    said = {answer["path"].rsplit("/", 1)[1]: answer["said"] for answer in found["answers"]}
    assert done.returncode == (1 if found["unreadable"] else 0)
    assert found["clips"] + len(found["unreadable"]) == len(CLIPS)
    assert said["carving_ice_172.mp4"] == "carving ice"
    assert said["arm_wrestling.mp4"] == "arm wrestling"
    assert said["yoga.mp4"] == "yoga"
    assert found["top1"] >= 3 / len(CLIPS)
    assert found["labels"] == sorted({*found["labels"]}, key=found["labels"].index)
    assert [sum(row) for row in found["confusion"]] == [c["clips"] for c in found["per_class"]]
    (comparison,) = found["comparisons"]
    assert comparison["top1"] == 0
    assert comparison["max_difference"] > 0.9
    assert 20_000 < report.stat().st_size < 200_000


def test_the_network_of_the_official_file_streamed_and_on_whole_clips(tmp_path):
    """Its weights, exported in float32: one function, frame by frame and at once."""
    net = read(INT8, labels=read_labels(LABELS)).net
    export(net, tmp_path / "a0.tflite")
    listed = tmp_path / "list.csv"
    names = ("carving_ice_172.mp4", "arm_wrestling.mp4", "archery.avi")
    listed.write_text("\n".join(f"{VIDEOS / name},{CLIPS[name]}" for name in names))
    options = ["--model", str(tmp_path / "a0.tflite"), "--whole-clips", str(INT8), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "movinet", "evaluate", str(listed), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    (whole,) = json.loads(done.stdout)["comparisons"]
    assert whole["clips"] == len(names)
    assert whole["agreement"] == 1
    assert whole["max_difference"] < 1e-4
