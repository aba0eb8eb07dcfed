"""A network that sees each clip at once, on the frames that a stream would take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from movinet.errors import SourceError
from movinet.evaluation.evaluating import ClipAnswer, Evaluation, Unreadable, answer_each, span_of
from movinet.evaluation.labelled import LabelledVideo
from movinet.frames import Image
from movinet.models import ModelInfo
from movinet.runtime import FloatArray
from movinet.stream import Classifier
from movinet.stream.prediction import softmax

# The logits `[classes]` float32 of a clip `[T, H, W, 3]` uint8.
SeesClips = Callable[[Image], FloatArray]


def evaluate_whole(
    classifier: Classifier,
    network: SeesClips,
    info: ModelInfo,
    videos: Sequence[LabelledVideo],
    *,
    backend: str = "",
    failed: Callable[[Unreadable], None] = lambda clip: None,
    progress: Callable[[float], None] = lambda done: None,
) -> Evaluation | None:
    """Show a network every clip whole; None when none could be read.

    It is given the frames that a stream of `classifier` would take, in the same size, so that its
    answers can be held against those of `evaluate`. The horizon is left aside: the network averages
    over the whole clip.

    Args:
        classifier: the streaming model.
        network: gives the logits of a clip; a clip for which it raises a `UsageError` is left out.
        info: what the network is called, its labels and its temperature.
        videos: the clips. All frames of one are in memory together.
        backend: what computes the network, to be noted.
        failed, progress: as for `evaluate`.

    Raises:
        LabelsError: when the network does not know a label of the clips.
    """
    resize = classifier.stream().resize

    def answer(video: LabelledVideo, truth: int) -> ClipAnswer:
        start, end = span_of(video)
        with classifier.open(video.path, start=start, end=end) as source:
            frames = [resize(frame.image, frame.sample_aspect_ratio) for frame in source]
            if not frames:
                raise SourceError(f"cannot read {video.path}: it has no picture")
            scores = softmax(network(np.stack(frames)), info.temperature)
            return ClipAnswer(
                video, truth, scores, len(frames), source.damaged_packets, source.ended_early, {}
            )

    return answer_each(answer, videos, info, backend=backend, failed=failed, progress=progress)
