"""What a stream says against what the same network says of the whole clip at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")  # the export needs it

from kit.clips import COLOURS, write_colour  # noqa: E402
from kit.networks import small  # noqa: E402
from movinet.errors import LabelsError, UsageError  # noqa: E402
from movinet.evaluation import compare, evaluate, evaluate_whole  # noqa: E402
from movinet.evaluation.labelled import LabelledVideo  # noqa: E402
from movinet.export import export  # noqa: E402
from movinet.models.packing import pack_model  # noqa: E402
from movinet.network.wholeclip import clip_logits  # noqa: E402
from movinet.stream import load  # noqa: E402


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Four clips of 1 to 13 frames of the network, one of them a part of a file."""
    folder = tmp_path_factory.mktemp("whole")
    made = []
    for number, frames in enumerate((1, 10, 26)):
        colour = COLOURS[("red", "green", "blue")[number]]
        path = write_colour(folder / f"{number}.mp4", colour, frames=frames)
        made.append(LabelledVideo(str(path), f"action {number}"))
    return [*made, LabelledVideo(made[2].path, "action 5", start=0.5, end=2.1)]


@pytest.fixture(scope="module", params=["stream", "lite"])
def network(request):
    return small(request.param)


@pytest.fixture(scope="module")
def model(network, tmp_path_factory):
    """The network as a file of one step, whose horizon is 8 frames and whose temperature is 2."""
    folder = tmp_path_factory.mktemp("model")
    info = export(network, folder / "plain.tflite").info
    return pack_at(folder, replace(info, horizon=8, temperature=2.0))


def pack_at(folder, info):
    pack_model(folder / "plain.tflite", info, folder / "model.tflite")
    return folder / "model.tflite"


def test_streamed_and_whole_are_one_function(network, model, videos):
    streamed = load(model, horizon=None)
    first = evaluate(streamed, videos)
    whole = evaluate_whole(streamed, lambda clip: clip_logits(network, clip), first.info, videos)
    np.testing.assert_allclose(whole.scores, first.scores, atol=1e-4)
    assert [answer.frames for answer in whole.answers] == [1, 5, 13, 4]
    assert [answer.frames for answer in first.answers] == [1, 5, 13, 4]
    found = compare(first, whole)
    assert (found.clips, found.agreement) == (4, 1)
    assert found.max_difference < 1e-4
    # Answers that would be alike for any clip would prove nothing.
    assert np.ptp(first.scores, axis=0).max() > 0.01


def test_a_horizon_makes_the_difference(network, model, videos):
    streamed = load(model)
    first = evaluate(streamed, videos)
    whole = evaluate_whole(streamed, lambda clip: clip_logits(network, clip), first.info, videos)
    apart = np.abs(whole.scores - first.scores).max(axis=1)
    long = np.array([answer.frames > 8 for answer in first.answers])
    assert set(long.tolist()) == {True, False}
    assert (apart[~long] < 1e-4).all()
    assert (apart[long] > 1e-4).all()


def test_what_cannot_be_read_or_does_not_fit_is_left_out(network, model, videos, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    listed = [*videos[:2], LabelledVideo(str(tmp_path / "text.mp4"), "action 0")]

    def logits(clip):
        if len(clip) > 1:
            raise UsageError("too long")
        return clip_logits(network, clip)

    told = []
    streamed = load(model)
    whole = evaluate_whole(streamed, logits, streamed.info, listed, failed=told.append)
    assert [answer.video for answer in whole.answers] == videos[:1]
    assert [clip.video for clip in told] == listed[1:]
    assert told[0].reason == "too long"
    assert evaluate_whole(streamed, logits, streamed.info, listed[1:]) is None
    with pytest.raises(LabelsError, match="has no label 'Jazz'"):
        evaluate_whole(streamed, logits, streamed.info, [videos[0], LabelledVideo("x", "Jazz")])


def test_a_clip_that_is_too_long_for_the_memory(network):
    frame = np.zeros((1, 45, 38, 3), np.uint8)
    endless = np.lib.stride_tricks.as_strided(frame, (10**9, 45, 38, 3), (0, *frame.strides[1:]))
    with pytest.raises(UsageError, match="1000000000 frames of 38x45 pixels at once do not fit"):
        clip_logits(network, endless)


def test_a_clip_of_another_kind(network):
    with pytest.raises(UsageError, match="the clip is uint8"):
        clip_logits(network, np.zeros((45, 38, 3), np.uint8))
