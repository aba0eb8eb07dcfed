"""The real models and videos that the benchmarks run on; see CONTRIBUTING."""

from __future__ import annotations

from pathlib import Path

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
INT8 = REAL / "models" / "movinet_a0_stream_k600_int8.tflite"
LABELS = REAL / "models" / "kinetics600_label_map.txt"
VIDEOS = REAL / "videos"
OFFICIAL = REAL / "official_tool"
