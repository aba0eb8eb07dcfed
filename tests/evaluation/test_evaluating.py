"""Labelled clips through streams, comparisons, temperatures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from kit.clips import write_colour, write_folder
from kit.tiny_model import TinyModel
from movinet.errors import LabelsError, OutputError, SourceError, UsageError
from movinet.evaluation import metrics
from movinet.evaluation.comparison import compare
from movinet.evaluation.evaluating import Unreadable, evaluate, of_split, splits_of
from movinet.evaluation.labelled import LabelledVideo, read_labelled
from movinet.evaluation.stills import stills
from movinet.evaluation.temperature import (
    check_target,
    fit_temperature,
    write_with_temperature,
)
from movinet.models import read_info
from movinet.models.packing import pack_model
from movinet.stream import load

LABELS = ("blue", "red", "green")  # so the tiny model is right with some, but not all


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model that carries labels, and clips."""
    folder = tmp_path_factory.mktemp("evaluating")
    plain = TinyModel(classes=3).write(folder / "plain.tflite")
    info = replace(read_info(plain), labels=LABELS, temperature=2.0, horizon=12)
    pack_model(plain, info, folder / "model.tflite")
    write_folder(folder / "clips", 8)
    return folder


@pytest.fixture(scope="module")
def classifier(place):
    return load(place / "model.tflite")


@pytest.fixture(scope="module")
def videos(place):
    return read_labelled(place / "clips")


@pytest.fixture(scope="module")
def evaluation(classifier, videos):
    return evaluate(classifier, videos, backend="litert", logits=True)


def test_every_clip_is_a_stream_of_its_own(classifier, videos, evaluation):
    assert [answer.video for answer in evaluation.answers] == videos
    right = 0
    for video, answer in zip(videos, evaluation.answers, strict=True):
        summary = classifier.classify(video.path)
        np.testing.assert_array_equal(answer.scores, summary.scores)
        assert answer.frames == summary.frames
        assert answer.truth == LABELS.index(video.label)
        right += summary.top(1)[0].label == video.label
    assert evaluation.top1 == right / len(videos)
    assert evaluation.top5 == 1
    assert evaluation.confusion.sum() == len(videos)
    assert evaluation.confusion.trace() == right
    assert evaluation.unreadable == []


def test_accuracy_against_seconds_seen(classifier, videos, evaluation):
    """A frame at k/5 seconds ends what was seen at (k + 1)/5."""
    moments = {}
    for video, answer in zip(videos, evaluation.answers, strict=True):
        said = [int(p.scores.argmax()) for p in classifier.watch(video.path)]
        expected = {
            mark: said[int(mark * 5) - 1]
            for mark in (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(3), Fraction(5))
            if len(said) >= mark * 5
        }
        assert answer.at == expected
        for mark, index in expected.items():
            moments.setdefault(float(mark), []).append(index == answer.truth)
    assert [(m.seconds, m.clips, m.top1) for m in evaluation.by_seconds] == [
        (mark, len(right), sum(right) / len(right)) for mark, right in moments.items()
    ]
    assert [m.seconds for m in evaluation.by_seconds] == [0.5, 1, 2, 3]
    assert evaluation.by_seconds[-1].clips < len(videos)


def test_only_labels_that_occur_are_in_the_matrix(classifier, place):
    path = str(place / "clips/red/0.mp4")
    found = evaluate(classifier, [LabelledVideo(path, "Blue")])
    said = found.info.label(found.answers[0].said)
    assert set(found.labels) == {"blue", said}
    assert found.confusion.shape == (len(found.labels),) * 2


def test_unreadable_clips_are_left_out(classifier, place):
    (place / "text.mp4").write_text("no video")
    good = str(place / "clips/red/0.mp4")
    paths = [good, str(place / "gone.mp4"), str(place / "text.mp4")]
    told = []
    found = evaluate(classifier, [LabelledVideo(path, "red") for path in paths], failed=told.append)
    assert [answer.video.path for answer in found.answers] == [good]
    assert told == list(found.unreadable)
    assert [(clip.path, clip.reason) for clip in told] == [
        (paths[1], "no such file"),
        (paths[2], "not a video, or damaged beyond reading"),
    ]
    assert evaluate(classifier, [LabelledVideo(paths[1], "red")]) is None


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["red", "Jazz"], "model has no label 'Jazz' of the data"),
        (["Polka", "Jazz"], "model has none of the labels 'Jazz', 'Polka' of the data"),
        (["red", *"abcdefg"], "model has no label 'a', 'b', 'c', 'd', 'e', ... of the data"),
    ],
)
def test_labels_that_the_model_does_not_know(classifier, labels, says):
    info = classifier.info
    with pytest.raises(LabelsError) as error:
        evaluate(classifier, [LabelledVideo("a.mp4", label) for label in labels])
    assert says.replace("model", info.name) in str(error.value)


def test_a_model_compared_with_itself_and_with_another(place, videos, evaluation, classifier):
    same = compare(evaluation, evaluate(classifier, videos))
    assert (same.clips, same.agreement, same.max_difference) == (len(videos), 1, 0)
    assert same.top1 == same.first_top1 == evaluation.top1
    # Other labels in another order are matched by name.
    order = ("Blue", "red", "GREEN")
    TinyModel(classes=3, squeeze_excite=True).write(place / "other.tflite")
    (place / "order.txt").write_text("\n".join(order))
    other = evaluate(load(place / "other.tflite", labels=place / "order.txt"), videos)
    found = compare(evaluation, other)
    differences = [
        abs(a.scores[LABELS.index(v.label)] - b.scores[[o.lower() for o in order].index(v.label)])
        for v, a, b in zip(videos, evaluation.answers, other.answers, strict=True)
    ]
    agreed = [
        LABELS[a.scores.argmax()] == order[b.scores.argmax()].lower()
        for a, b in zip(evaluation.answers, other.answers, strict=True)
    ]
    assert found.agreement == np.mean(agreed)
    assert found.mean_difference == pytest.approx(np.mean(differences))
    assert found.max_difference == pytest.approx(max(differences))
    # Clips that one of them could not read are left out of both.
    lost = replace(
        other, answers=other.answers[1:], unreadable=[Unreadable(videos[0], "it is gone")]
    )
    assert compare(evaluation, lost).clips == len(videos) - 1
    nothing = replace(evaluation, unreadable=[Unreadable(video, "") for video in videos])
    with pytest.raises(SourceError, match="no readable clip in common"):
        compare(nothing, other)


def test_splits_and_parts_of_videos(classifier, place):
    """As lists may name them."""

    class Part(NamedTuple):
        path: str
        label: str
        start: float | None = None
        end: float | None = None
        split: str | None = None

    path = str(place / "clips/red/7.mp4")  # 17 frames, 3.4 seconds
    parts = [Part(path, "red", 0.2, 1.2, "test"), Part(path, "red", split="train")]
    assert splits_of(parts) == ["test", "train"]
    assert of_split(parts, None) == parts
    found = evaluate(classifier, of_split(parts, "test"))
    assert [answer.frames for answer in found.answers] == [5]
    expected = classifier.classify(path, start=0.2, end=1.2).scores
    np.testing.assert_array_equal(found.answers[0].scores, expected)
    assert stills(parts[0]) != stills(parts[1])
    with pytest.raises(UsageError, match="no split 'validation': it has test, train"):
        of_split(parts, "validation")
    with pytest.raises(UsageError, match="it names no splits"):
        of_split([LabelledVideo(path, "red")], "test")


# -- temperature ------------------------------------------------------------


def mean_scores(path, videos, temperature, info) -> np.ndarray:
    """Scores of the clips by a model that really has that temperature."""
    hot = replace(info, temperature=temperature)
    pack_model(path, hot, path.with_name("hot.tflite"))
    found = evaluate(load(path.with_name("hot.tflite")), videos)
    return found.scores


def test_a_temperature_is_the_best_there_is_and_does_what_it_says(place, videos, evaluation):
    fit = fit_temperature(evaluation)
    assert fit.before == 2.0
    assert not fit.at_limit
    path, truth, info = place / "model.tflite", evaluation.truth, evaluation.info
    # Some of the clips are longer than the horizon: their scores are means.
    assert {len(answer.logits) for answer in evaluation.answers} >= {1, 2, 6}
    out = place / "fitted.tflite"
    written = write_with_temperature(path, info, fit.temperature, out)
    assert written.temperature == read_info(out).temperature == fit.temperature
    assert (written.labels, written.horizon) == (info.labels, info.horizon)
    after = evaluate(load(out), videos)
    assert after.nll == pytest.approx(fit.nll_after, abs=1e-5)
    assert after.ece == pytest.approx(fit.ece_after, abs=1e-5)
    assert after.nll <= evaluation.nll
    for factor in (0.9, 0.97, 1.03, 1.1):
        scores = mean_scores(path, videos, fit.temperature * factor, info)
        assert metrics.negative_log_likelihood(scores, truth) > after.nll


def test_clips_that_are_all_right_have_no_best_temperature(evaluation):
    sure = np.eye(3, dtype=np.float32)
    right = [
        replace(answer, truth=answer.said, logits=sure[[answer.said]])
        for answer in evaluation.answers
    ]
    fit = fit_temperature(replace(evaluation, answers=right))
    assert fit.at_limit
    assert fit.temperature == pytest.approx(0.1, abs=0.02)


def test_too_few_clips_and_no_logits(evaluation, classifier, videos):
    few = replace(evaluation, answers=evaluation.answers[:19])
    with pytest.raises(UsageError, match="needs 20 readable clips or more, not 19"):
        fit_temperature(few)
    with pytest.raises(UsageError, match="kept no logits"):
        fit_temperature(evaluate(classifier, videos))


def test_a_temperature_in_an_onnx(place, tmp_path):
    pytest.importorskip("onnx")
    from kit.tiny_onnx import tiny_onnx

    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_onnx(TinyModel(classes=3), {"author": "Somebody"}))
    info = read_info(path).with_labels(LABELS, "labels")
    written = write_with_temperature(path, info, 1.25, tmp_path / "new.onnx")
    assert (written.temperature, written.labels) == (1.25, LABELS)
    assert read_info(tmp_path / "new.onnx").temperature == 1.25
    assert b"Somebody" in (tmp_path / "new.onnx").read_bytes()


def test_where_a_model_with_a_temperature_cannot_go(place, tmp_path):
    model = place / "model.tflite"
    with pytest.raises(UsageError, match=r"model.tflite is .tflite, so its name must end so"):
        check_target(model, tmp_path / "new.onnx")
    with pytest.raises(UsageError, match="it is the model itself"):
        check_target(model, model)
    with pytest.raises(OutputError, match="there is no folder"):
        check_target(model, tmp_path / "gone" / "new.tflite")


# -- stills -----------------------------------------------------------------


def test_stills_are_small_jpegs_spread_over_the_clip(place, tmp_path):
    shades = []
    for data in stills(LabelledVideo(str(place / "clips/green/0.mp4"), "green")):
        path = tmp_path / "still.jpg"
        path.write_bytes(data)
        (image,) = [frame.image for frame in _frames(path)]
        assert image.shape == (16, 32, 3)
        assert image[..., 0].mean() < 60
        shades.append(image[..., 1].mean())
    # It darkens by half.
    assert shades == pytest.approx([230 * share for share in (0.9, 0.75, 0.58)], abs=15)
    short = write_colour(tmp_path / "short.mp4", (9, 9, 9), frames=1)
    assert len(stills(LabelledVideo(str(short), "x"))) == 1
    assert stills(LabelledVideo(str(tmp_path / "gone.mp4"), "x")) == []


def _frames(path):
    from movinet.frames import open_source

    with open_source(str(path), source_fps=1) as source:
        yield from source
