"""Every real video ends in a result or in one clear line; nothing depends on what is skipped."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import movinet
from kit.real import INT8, LABELS, VIDEOS
from movinet.frames import Sampler

ALL = sorted(path.name for path in VIDEOS.glob("*")) if VIDEOS.is_dir() else []
# Frames that the README of the files counts at 5 frames a second.
FRAMES = {
    "carving_ice_172.mp4": 22,
    "arm_wrestling.mp4": 50,
    "cleaning_pool_short.mp4": 6,
    "flipping_pancake.mkv": 52,
    "archery.avi": 27,
    "apply_lipstick.gif": 29,
    "horse_riding.gif": 25,
    "crossfit bar-facing burpee_1.mp4": 11,
    "phone_rotated_180_vfr.mp4": 12,
    "no_duration_vp9.webm": 25,
    "one_pixel_1fps.mp4": 5,
    "failing_audio.mp4": 56,
    "two_video_streams.mp4": 65,
    "hevc.mp4": 5,
}


def taken(name: str, fps: int | None) -> list[movinet.Frame]:
    with movinet.open_source(VIDEOS / name, fps=fps) as source:
        return list(source)


# After damage the decoder fills in from whatever it has decoded, so that one has its own test.
@pytest.mark.parametrize("name", [name for name in ALL if name != "corrupted.mp4"])
def test_skipping_packets_changes_nothing(name):
    sampler = Sampler(Fraction(5))
    expected = [frame for frame in taken(name, None) if sampler.takes(frame.time)]
    got = taken(name, 5)
    assert [frame.time for frame in got] == [frame.time for frame in expected]
    for frame, other in zip(got, expected, strict=True):
        assert np.array_equal(frame.image, other.image)


@pytest.mark.parametrize(("name", "frames"), FRAMES.items())
def test_frames_at_the_models_rate(name, frames):
    assert len(taken(name, 5)) == frames


def test_a_damaged_packet_is_skipped_and_counted():
    with movinet.open_source(VIDEOS / "corrupted.mp4", fps=5) as source:
        times = [float(frame.time) for frame in source]
        assert source.damaged_packets == 1
    assert len(times) == 25
    assert 3.2 in times


def test_display_matrices_turn_pictures_upright():
    shapes = {n: taken(f"rotation_{n}.mov", None)[0].image.shape for n in (0, 90, 180)}
    assert shapes == {0: (320, 568, 3), 90: (568, 320, 3), 180: (320, 568, 3)}


def test_pixel_shapes_are_known():
    frame = taken("arm_wrestling.mp4", 5)[0]
    assert frame.sample_aspect_ratio == Fraction(64, 51)
    assert taken("juggling_soccer_ball.mp4", 5)[0].sample_aspect_ratio == 1


def test_frame_numbers_painted_in_the_picture():
    """The ten frames of the clip are at 0.0, 0.1, ... s; at 5 a second the even ones are taken."""
    assert [frame.time for frame in taken("hevc.mp4", 5)] == [Fraction(n, 5) for n in range(5)]
    every, some = taken("hevc.mp4", None), taken("hevc.mp4", 5)
    for frame, other in zip(some, every[::2], strict=True):
        assert np.array_equal(frame.image, other.image)


def test_the_whole_folder_from_the_command_line():
    command = [sys.executable, "-m", "movinet", "classify", VIDEOS, "--json"]
    command += ["--model", INT8, "--labels", LABELS]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
    )
    records = [json.loads(line) for line in run.stdout.splitlines()]
    assert sorted(Path(record["video"]).name for record in records) == ALL
    assert run.returncode == 0
    assert all(record["top"] and record["frames"] for record in records)
    assert run.stderr.count("\n") == 1
    assert "corrupted.mp4: 1 damaged packet was skipped" in run.stderr


def peak_kilobytes(video: Path) -> int:
    # Not getrusage: its peak begins with that of the process that started this one.
    script = """
import sys
from movinet.cli.program import run
status = run(sys.argv[1:])
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0], file=sys.stderr)
raise SystemExit(status)
"""
    run = subprocess.run(
        [sys.executable, "-c", script, "classify", video, "--model", INT8],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stderr.splitlines()[-1])


def test_memory_does_not_grow_with_the_video(tmp_path):
    """Ten minutes within 10 MB of ten seconds; the packets are copied, not encoded again."""
    import av

    peaks = {}
    for seconds in (10, 600):
        path = tmp_path / f"{seconds}.mp4"
        with av.open(str(path), "w") as target:
            written = None
            for turn in range(seconds // 10):
                with av.open(str(VIDEOS / "cleaning_pool.mp4")) as source:
                    stream = source.streams.video[0]
                    if written is None:
                        written = target.add_stream_from_template(stream)
                    shift = int(turn * 10 / stream.time_base)
                    for packet in source.demux(stream):
                        if packet.dts is not None:
                            packet.pts += shift
                            packet.dts += shift
                            packet.stream = written
                            target.mux(packet)
        peaks[seconds] = peak_kilobytes(path)
    assert abs(peaks[600] - peaks[10]) <= 10_000
