"""Our own A0 lite int8: the official weights, exported and quantised here."""

from __future__ import annotations

from pathlib import Path

from benchmarks.real import INT8, REAL


def own_model(folder: Path) -> Path:
    """Export it into a folder, calibrated on every tenth of the clips."""
    from movinet.export import export
    from movinet.export.clips import read_clips
    from movinet.frames.discovery import find_videos
    from movinet.weights import read

    net = read(INT8).net
    clips = read_clips(find_videos(str(REAL / "finetune"))[::10], net.info).frames
    path = folder / "a0-lite-int8.tflite"
    export(net, path, precision="int8", clips=clips)
    return path
