"""`movinet benchmark` on real models."""

from __future__ import annotations

import json
import subprocess
import sys

from kit.real import INT8, LABELS, OFFICIAL, VIDEOS


def test_int8_is_faster_than_the_official_tools_and_right(tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text(
        f"path,label\n{VIDEOS}/yoga.mp4,Yoga\n{VIDEOS}/carving_ice_172.mp4,carving_ice\n"
    )
    models = ["--model", str(INT8), "--model", str(OFFICIAL / "official_a0_stream_int8.tflite")]
    options = ["--data", str(listed), "--labels", str(LABELS), "--steps", "20", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "movinet", "benchmark", *models, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lite, stream = map(json.loads, done.stdout.splitlines())
    assert (lite["model"], lite["file_bytes"]) == (INT8.stem, 3_276_048)
    assert (lite["ratio"], lite["top1"], lite["videos"]) == (1, 1, 2)
    # Measured: 3.7 here. The operations of squeeze-excite and hard-swish are slow in that file.
    assert stream["ratio"] > 1.5
    assert stream["top1"] == 0  # its weights are random
    for record in (lite, stream):
        parts = record["image_ms"] + record["invoke_ms"] + record["state_ms"]
        assert 0.7 < parts / record["p50_ms"] < 1.3
        assert 2.6e6 < record["state_bytes"] < 2.7e6
        # The file, the state once in and once out, and the engine.
        assert 8e6 < record["memory_bytes"] < 150e6
