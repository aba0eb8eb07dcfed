"""Where the real models and videos lie: in a folder beside the checkout; see CONTRIBUTING."""

from __future__ import annotations

from pathlib import Path

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
INT8 = REAL / "models" / "movinet_a0_stream_k600_int8.tflite"
COWS = REAL / "models" / "cow_a0_stream_dynamic.tflite"
LABELS = REAL / "models" / "kinetics600_label_map.txt"
VIDEOS = REAL / "videos"
OFFICIAL = REAL / "official_tool"
GOLDEN = REAL / "golden"
