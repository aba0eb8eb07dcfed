"""The page and the tables of evaluations that are hard to show."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from kit.tiny_model import TinyModel
from movinet.evaluation.evaluating import MARKS, ClipAnswer, Evaluation
from movinet.evaluation.labelled import LabelledVideo
from movinet.models import read_info
from movinet.outputs.evaluation import Findings, print_json, print_tables
from movinet.outputs.evaluationfigures import heat_map, reliability_diagram, seconds_curve
from movinet.outputs.evaluationreport import page


@pytest.fixture(scope="module")
def evaluation_of(tmp_path_factory):
    """Evaluations of so many classes, two clips of each, with so many of them wrong."""
    folder = tmp_path_factory.mktemp("models")

    def made(classes: int, wrong: int) -> Evaluation:
        info = read_info(TinyModel(classes=classes).write(folder / "tiny.tflite"))
        labels = tuple(f"label {number} <&> {'long ' * 8}".strip() for number in range(classes))
        info = replace(info, labels=labels)
        answers = []
        for number in range(2 * classes):
            truth = number // 2
            scores = np.full(classes, 0.3 / classes, np.float32)
            scores[(truth + 1) % classes if number < wrong else truth] += 0.7
            video = LabelledVideo(f"gone/{number}.mp4", labels[truth])
            at = dict.fromkeys(MARKS[: number % len(MARKS)], truth)
            answers.append(ClipAnswer(video, truth, scores, 10, 0, None, at))
        return Evaluation(info, "litert", answers, [])

    return made


@pytest.mark.parametrize("classes", [2, 12, 60])
def test_figures_are_whole_and_say_what_they_show(evaluation_of, classes):
    evaluation = evaluation_of(classes, 3)
    drawn = [
        heat_map(evaluation.confusion, evaluation.labels),
        seconds_curve(evaluation.by_seconds),
        reliability_diagram(evaluation.reliability),
    ]
    for svg in drawn:
        root = ElementTree.fromstring(svg)
        assert root.get("aria-label")
        assert root.find("desc").text
    cells = ElementTree.fromstring(drawn[0])
    numbers = [int(text.text) for text in cells.iter("text") if text.text.isdigit()]
    assert sum(numbers) == 2 * classes
    width, height = map(float, cells.get("viewBox").split()[2:])
    for rect in cells.iter("rect"):
        assert 0 <= float(rect.get("x")) <= width - float(rect.get("width"))
        assert 0 <= float(rect.get("y")) <= height - float(rect.get("height"))


def test_too_many_labels_for_a_picture(evaluation_of):
    text = page(Findings("data", evaluation_of(61, 5)))
    assert "61 labels are too many for a picture" in text
    assert text.count("<svg") == 2
    text = page(Findings("data", evaluation_of(61, 0)))
    assert "every clip was named rightly" in text
    assert "Worst clips" not in text


def test_clips_that_are_gone_have_no_picture(evaluation_of):
    text = page(Findings("data", evaluation_of(4, 3)))
    assert text.count('<div class="none">') == 3
    assert "<img" not in text
    assert "label 0 &lt;&amp;&gt;" in text


def test_tables_fit_and_json_holds_all_labels(evaluation_of, capsys):
    findings = Findings("data", evaluation_of(61, 5))
    print_tables(findings)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    assert "122 clips of 61 labels" in out
    print_json(findings)
    found = json.loads(capsys.readouterr().out)
    assert len(found["labels"]) == len(found["confusion"]) == 61
    assert found["per_class"][0]["recall"] == 0
