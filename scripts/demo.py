"""The demonstration behind `make demo`: a video, a model, an answer."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import av
import numpy as np

MODEL = "a0-lite-k600-int8"
VIDEO = Path("demo") / "bouncing_ball.mp4"


def write_video(path: Path) -> None:
    """Four seconds of a ball that bounces on a floor."""
    height, width, rate = 240, 320, 30
    y, x = np.mgrid[:height, :width]
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(4 * rate):
            t = number / rate
            image = np.full((height, width, 3), (120, 170, 220), np.uint8)
            image[190:] = (90, 130, 80)
            bounce = 190 - 20 - 120 * abs(np.sin(np.pi * t))
            ball = (x - 60 - 50 * t) ** 2 + (y - bounce) ** 2 < 20**2
            image[ball] = (220, 60, 50)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def main() -> int:
    """Run the demonstration; gives the exit status of `movinet classify`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--labels")
    parser.add_argument("--video")
    options = parser.parse_args()
    video = options.video
    if video is None:
        write_video(VIDEO)
        video = str(VIDEO)
        print(f"wrote {video}, four seconds of a bouncing ball", flush=True)
    command = [str(Path(sys.executable).with_name("movinet")), "classify", video]
    command += ["--model", options.model]
    if options.labels:
        command += ["--labels", options.labels]
    print(" ".join(["movinet", *command[1:]]), flush=True)
    status = subprocess.run(command, check=False).returncode
    if status and options.model == MODEL:
        print(
            f"\nThe model {MODEL} is not here and could not be fetched. With a model file:\n"
            "  make demo MODEL=movinet_a0_stream_k600_int8.tflite "
            "LABELS=kinetics600_label_map.txt VIDEO=dance.mp4"
        )
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
