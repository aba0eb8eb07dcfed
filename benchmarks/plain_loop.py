"""The opponent: the loop of the public Raspberry Pi example.

A LiteRT signature runner, the states in a dictionary, softmax. As a program it opens a video with
OpenCV, decodes every frame, resizes those that it feeds (5 a second) and prints the best classes:
`python -m benchmarks.plain_loop VIDEO MODEL LABELS`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


class PlainLoop:
    """One stream; `step` gives the scores after a frame `[H, W, 3]` float32 in 0..1."""

    def __init__(self, path: str | Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(path), num_threads=1)
        self._runner = interpreter.get_signature_runner()
        details = self._runner.get_input_details()
        self.shape = tuple(details["image"]["shape"])
        self._states: dict[str, Any] = {
            name: np.zeros(detail["shape"], detail["dtype"])
            for name, detail in details.items()
            if name != "image"
        }

    def step(self, image: np.ndarray) -> np.ndarray:
        """Scores `[classes]`."""
        outputs = self._runner(**self._states, image=image.reshape(self.shape))
        logits = outputs.pop("logits")[0]
        self._states = outputs
        exponents = np.exp(logits - logits.max())
        return exponents / exponents.sum()


def main(video: str, model: str, labels: str) -> None:
    """Classify a video the plain way."""
    import cv2

    loop = PlainLoop(model)
    names = Path(labels).read_text(encoding="utf-8").splitlines()
    height, width = loop.shape[-3:-1]
    capture = cv2.VideoCapture(video)
    fps = capture.get(cv2.CAP_PROP_FPS)
    number, due = 0, 0.0
    scores = np.zeros(len(names), np.float32)
    while True:
        more, frame = capture.read()
        if not more:
            break
        moment = number / fps
        number += 1
        if moment + 1e-9 < due:
            continue
        due += 1 / 5
        small = cv2.cvtColor(cv2.resize(frame, (width, height)), cv2.COLOR_BGR2RGB)
        scores = loop.step(small.astype(np.float32) / 255)
    for index in np.argsort(-scores)[:5]:
        print(names[index], scores[index])


if __name__ == "__main__":
    main(*sys.argv[1:])
