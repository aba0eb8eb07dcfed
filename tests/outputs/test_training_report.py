"""The page of a training: its curves, what it says of the model, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from kit.clips import COLOURS, write_colour
from kit.tiny_model import TinyModel
from movinet.evaluation.evaluating import ClipAnswer, Evaluation
from movinet.evaluation.labelled import LabelledVideo
from movinet.models import read_info
from movinet.outputs.trainingfigures import accuracy_curve, loss_curve
from movinet.outputs.trainingreport import Training, page

LABELS = ("red", "<b>green</b>")


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """Four clips, of which the last three are wrong, ever more surely."""
    folder = tmp_path_factory.mktemp("training")
    info = replace(read_info(TinyModel(classes=2).write(folder / "m.tflite")), labels=LABELS)
    answers = []
    for number, score in enumerate((0.1, 0.6, 0.7, 0.9)):
        path = write_colour(folder / f"{number}.mp4", COLOURS["red"])
        scores = np.array([1 - score, score], np.float32)
        video = LabelledVideo(str(path), "red")
        answers.append(ClipAnswer(video, 0, scores, 10, 0, None, {}))
    return Evaluation(info, "litert", answers, [])


def dots(svg: str) -> list[tuple[float, float]]:
    root = ElementTree.fromstring(svg)
    found = [c for c in root.iter("circle") if c.get("class") == "dot"]
    return [(float(c.get("cx")), float(c.get("cy"))) for c in found]


def test_a_curve_falls_where_the_loss_falls():
    for losses in ([2.0, 1.0, 0.5], [20.0, 1.0, 0.5], [0.0, 0.0, 0.0]):
        places = dots(loss_curve(losses))
        across, down = zip(*places, strict=True)
        assert list(across) == sorted(set(across))
        assert list(down) == sorted(down)
        assert all(0 <= x <= 480 and 0 <= y <= 260 for x, y in places)


def test_the_kept_epoch_has_a_ring_and_each_stage_a_line():
    root = ElementTree.fromstring(accuracy_curve([0.25, 1.0, 0.5, 0.5], kept=2, stages=[3]))
    (ring,) = [c for c in root.iter("circle") if c.get("class") == "ring"]
    places = dots(accuracy_curve([0.25, 1.0, 0.5, 0.5], kept=2))
    assert (float(ring.get("cx")), float(ring.get("cy"))) == places[1]
    (line,) = [e for e in root.iter("line") if e.get("class") == "ideal"]
    assert places[1][0] < float(line.get("x1")) < places[2][0]
    assert "stage 2" in [text.text for text in root.iter("text")]
    assert "epoch 2: 100.0 %" in root.find("desc").text


def test_many_epochs_have_no_dots_and_few_numbers():
    root = ElementTree.fromstring(loss_curve([1 / number for number in range(1, 301)]))
    numbers = [text.text for text in root.iter("text") if text.get("class") == "mid"]
    assert numbers == ["50", "100", "150", "200", "250", "300", "epoch"]
    assert not dots(loss_curve([1.0] * 300))


def test_the_surest_mistakes_come_first(evaluation):
    shown = [answer.said for answer in evaluation.surest_mistakes(2)]
    assert shown == [1, 1]
    text = page(Training("run", "about it", [1.0], [0.25], 1, (), evaluation))
    places = [text.index(f"{number}.mp4") for number in (3, 2, 1)]
    assert places == sorted(places)
    assert "0.mp4" not in text
    assert text.count('src="data:image/jpeg;base64,') == 9
    assert "25.0 %" in text
    assert "&lt;b&gt;green&lt;/b&gt;" in text
    assert "<b>green</b>" not in text


def test_without_clips_to_judge_by():
    text = page(Training("run", "about it", losses=[2.0, 1.0], kept=2))
    assert text.count("<svg") == 1
    assert "Not judged" in text
    assert "Worth a look" not in text


def test_without_epochs(evaluation):
    text = page(Training("run", "about it", evaluation=evaluation))
    assert "<h2>Loss</h2>" not in text
    assert text.count("<svg") == 1  # the confusion


def test_findings_are_on_it_by_kind():
    findings = {"Unreadable": [f"clip {n} <&>" for n in range(7)], "Short": []}
    text = page(Training("run", "about it", findings=findings))
    assert text.count("<li>clip") == 7
    assert "clip 6 &lt;&amp;&gt;" in text
    assert "<h3>Unreadable</h3>" in text
    assert "<h3>Short</h3>" not in text
