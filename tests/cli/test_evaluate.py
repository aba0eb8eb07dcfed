"""`movinet evaluate` from outside: a child process, its two streams and its status."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kit.clips import COLOURS, write_colour, write_folder
from kit.tiny_model import TinyModel, image_classifier
from movinet.models import read_info
from movinet.models.packing import pack_model
from movinet.stream import load

LABELS = ("blue", "red", "green")
KEYS = {
    "top1",
    "top5",
    "mean_class_accuracy",
    "clips",
    "unreadable",
    "confusion",
    "labels",
    "per_class",
    "by_seconds",
    "ece",
    "nll",
    "model",
    "backend",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with models, labels, and a folder of clips for each label."""
    folder = tmp_path_factory.mktemp("evaluate")
    plain = TinyModel(classes=3).write(folder / "plain.tflite")
    pack_model(plain, replace(read_info(plain), labels=LABELS), folder / "model.tflite")
    other = TinyModel(classes=3, squeeze_excite=True).write(folder / "other.tflite")
    pack_model(other, replace(read_info(other), labels=LABELS), folder / "other.tflite")
    (folder / "image.tflite").write_bytes(image_classifier())
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    write_folder(folder / "clips", 7)
    (folder / "empty").mkdir()
    for label in COLOURS:
        (folder / "broken" / label).mkdir(parents=True)
        (folder / "broken" / label / "text.mp4").write_text("no video")
    (folder / "jazz.csv").write_text("clips/red/0.mp4,Jazz\nclips/red/1.mp4,red\n")
    return folder


def run(place: Path, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "movinet", "evaluate", *map(str, arguments)],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def one_error(done, status: int) -> str:
    assert done.returncode == status, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("movinet: error: ")
    return line


class Page(HTMLParser):
    """What a browser would have to fetch, which tags stay open, and the text."""

    EMPTY = frozenset({"meta", "br", "img", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.fetched, self.words, self.tags = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [v for k, v in attributes if k in ("src", "href", "xlink:href")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_json_is_one_object_with_the_contract(place):
    done = run(place, "clips", "--model", "model.tflite", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found.keys() >= KEYS
    classifier = load(place / "model.tflite")
    said = {
        f"clips/{label}/{number}.mp4": classifier.classify(
            str(place / f"clips/{label}/{number}.mp4")
        )
        for label in COLOURS
        for number in range(7)
    }
    assert [answer["path"] for answer in found["answers"]] == sorted(said)
    for answer in found["answers"]:
        (best,) = said[answer["path"]].top(1)
        assert answer["label"] == Path(answer["path"]).parent.name
        assert (answer["said"], answer["said_score"]) == (
            best.label,
            pytest.approx(best.score, abs=1e-6),
        )
    right = sum(answer["said"] == answer["label"] for answer in found["answers"])
    assert (found["clips"], found["top1"]) == (21, round(right / 21, 6))
    assert found["top5"] == 1
    assert found["labels"] == list(LABELS)
    matrix = found["confusion"]
    assert [sum(row) for row in matrix] == [7, 7, 7]
    assert sum(matrix[i][i] for i in range(3)) == right
    assert [(row["label"], row["clips"]) for row in found["per_class"]] == [(n, 7) for n in LABELS]
    assert found["by_seconds"][0] == {**found["by_seconds"][0], "seconds": 0.5, "clips": 21}
    assert found["unreadable"] == found["comparisons"] == []
    assert found["temperature"] is None
    assert (found["model"], found["backend"]) == (read_info(place / "model.tflite").name, "litert")
    assert 0 <= found["ece"] <= 1


def test_tables(place):
    done = run(place, "clips", "--model", "plain.tflite", "--labels", "labels.txt")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "plain on litert: 21 clips of 3 labels"
    assert all(len(line) <= 100 for line in lines)
    heads = [line.split("  ")[0] for line in lines]
    for head in ("top-1", "calibration error", "after seconds", "label", "most confused"):
        assert head in heads
    assert "top-5" not in heads  # of three classes


def test_report(place, tmp_path):
    # A label that would be markup, if it were not escaped.
    evil = ("<b>blue", "red & white", 'green "\u202e" 달리기')
    (tmp_path / "labels.txt").write_text("\n".join(evil), "utf-8")
    listed = tmp_path / "list.csv"
    rows = [
        f"{place}/clips/{colour}/{number}.mp4,{name}"
        for colour, name in zip(LABELS, ("<b>blue", "red & white", evil[2]), strict=True)
        for number in range(7)
    ]
    rows = ['"' + row.replace('"', '""').replace(".mp4,", '.mp4","') + '"' for row in rows]
    listed.write_text("\n".join([*rows, "gone.mp4,red & white"]), "utf-8")
    report = tmp_path / "report.html"
    models = ("--model", place / "plain.tflite", "--model", place / "other.tflite")
    options = ("--labels", tmp_path / "labels.txt", "--report", report)
    done = run(place, listed, *models[:2], *options)
    assert "no such file" in one_error(done, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "labels.txt",
        "list.csv",
        "report.html",
    ]
    page = Page(report.read_text("utf-8"))
    assert page.fetched
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.fetched)
    assert page.tags.count("svg") == 3
    assert "<b>blue" in page.words
    assert "gone.mp4" in " ".join(page.words)
    style = report.read_text("utf-8")
    assert "url(" not in style
    assert "prefers-color-scheme: dark" in style


def test_models_and_backends_compared(place):
    models = ("--model", "model.tflite", "--model", "other.tflite")
    done = run(place, "clips", *models, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    (other,) = found["comparisons"]
    assert (other["model"], other["backend"]) == ("other", "litert")
    assert (other["clips"], other["top1_first"]) == (21, found["top1"])
    assert 0 <= other["mean_difference"] <= other["max_difference"] <= 1
    pytest.importorskip("openvino")
    backends = ("--backend", "litert", "--backend", "openvino")
    found = json.loads(run(place, "clips", "--model", "model.tflite", *backends, "--json").stdout)
    (other,) = found["comparisons"]
    assert (found["backend"], other["backend"]) == ("litert", "openvino")
    assert other["agreement"] == 1
    assert other["max_difference"] < 0.02
    text = run(place, "clips", "--model", "model.tflite", *backends).stdout
    assert "on openvino" in text


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    """A folder with a network, the file of one step that was made of it, and a list of clips."""
    from kit.networks import small
    from movinet.export import export
    from movinet.network import save

    folder = tmp_path_factory.mktemp("streamed")
    net = small("stream")
    save(net, folder / "net.safetensors")
    export(net, folder / "step.tflite")
    save(small("base"), folder / "base.safetensors")
    save(small("stream", classes=3), folder / "three.safetensors")
    net.info = replace(net.info, labels=tuple("abcdefg"))
    save(net, folder / "letters.safetensors")
    write_folder(folder / "clips", 2)
    rows = [f"clips/{label}/{n}.mp4,action {n}" for label in COLOURS for n in range(2)]
    (folder / "list.csv").write_text("\n".join(rows))
    return folder


def test_stream_against_whole_clip(streamed):
    model = ("--model", "step.tflite")
    done = run(streamed, "list.csv", *model, "--whole-clips", "net.safetensors", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    (whole,) = found["comparisons"]
    assert (whole["model"], whole["backend"]) == ("net (whole clips)", "pytorch")
    assert (whole["clips"], whole["agreement"]) == (6, 1)
    assert whole["top1"] == whole["top1_first"] == found["top1"]
    assert whole["max_difference"] < 1e-4
    short = ("--horizon", 2, "--whole-clips", "net.safetensors", "--json")
    (whole,) = json.loads(run(streamed, "list.csv", *model, *short).stdout)["comparisons"]
    assert whole["max_difference"] > 1e-4
    done = run(streamed, "list.csv", *model, "--whole-clips", "net.safetensors")
    assert "net (whole clips) on pytorch" in done.stdout


@pytest.mark.parametrize(
    ("weights", "status", "says"),
    [
        ("gone.safetensors", 1, "gone.safetensors"),
        ("base.safetensors", 2, "a network of the base form, which cannot be streamed"),
        ("three.safetensors", 2, "has 3 classes and step 7"),
        ("letters.safetensors", 1, "letters (whole clips) has none of the labels"),
        ("list.csv", 1, "cannot import list.csv"),
    ],
)
def test_a_network_that_the_model_was_not_made_of(streamed, weights, status, says):
    done = run(streamed, "list.csv", "--model", "step.tflite", "--whole-clips", weights)
    assert says in one_error(done, status)
    assert done.stdout == ""


def test_whole_clips_without_torch(streamed):
    code = """
import sys
sys.modules["torch"] = None
from movinet.cli.program import run
print(run(["evaluate", *sys.argv[1:]]))
"""
    arguments = ("list.csv", "--model", "step.tflite", "--whole-clips", "net.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=streamed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "1\n"
    assert done.stderr == (
        "movinet: error: comparing with whole clips needs an extra: pip install 'movinet[train]'\n"
    )


def test_a_temperature_is_written_and_used(place, tmp_path):
    out = tmp_path / "new.tflite"
    arguments = ("clips", "--model", "plain.tflite", "--labels", "labels.txt")
    done = run(place, *arguments, "--fit-temperature", out, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    fit = json.loads(done.stdout)["temperature"]
    assert (fit["before"], fit["out"]) == (1, str(out))
    assert fit["nll_after"] <= fit["nll_before"]
    info = read_info(out)
    assert (info.temperature, info.labels) == (fit["after"], LABELS)
    again = json.loads(run(place, "clips", "--model", out, "--json").stdout)
    assert again["ece"] == pytest.approx(fit["ece_after"], abs=1e-5)
    assert list(tmp_path.iterdir()) == [out]
    done = run(place, *arguments, "--fit-temperature", out)
    assert f"written to {out}" in done.stdout
    assert "calibration error" in done.stdout


def test_some_unreadable_clips(place, tmp_path):
    write_colour(tmp_path / "red" / "good.mp4", COLOURS["red"])
    (tmp_path / "red" / "text.mp4").write_text("no video")
    done = run(place, tmp_path, "--model", "model.tflite", "--json")
    assert f"cannot read {tmp_path}/red/text.mp4: not a video" in one_error(done, 1)
    found = json.loads(done.stdout)
    assert found["clips"] == 1
    (clip,) = found["unreadable"]
    assert clip["path"] == f"{tmp_path}/red/text.mp4"
    assert clip["reason"].startswith("not a video")


def test_one_class_only(place, tmp_path):
    write_colour(tmp_path / "clips" / "red" / "good.mp4", COLOURS["red"])
    report = tmp_path / "report.html"
    done = run(place, tmp_path / "clips", "--model", "model.tflite", "--report", report)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 clip of 1 label" in done.stdout
    Page(report.read_text("utf-8"))


def test_too_few_readable_clips_for_a_temperature(place, tmp_path):
    """The figures are shown all the same, and nothing is written."""
    listed = tmp_path / "list.csv"
    names = [*(place / "clips").rglob("*.mp4")][:19]
    rows = [*(f"{path},{path.parent.name}" for path in names), "gone.mp4,red"]
    listed.write_text("\n".join(rows))
    out = tmp_path / "out.tflite"
    done = run(place, listed, "--model", "model.tflite", "--fit-temperature", out, "--json")
    gone, few = done.stderr.splitlines()
    assert "gone.mp4: no such file" in gone
    assert "needs 20 readable clips or more, not 19" in few
    assert done.returncode == 2
    assert json.loads(done.stdout)["clips"] == 19
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["clips", "--model", "gone.tflite"], 1, "cannot read gone.tflite"),
        (["clips", "--model", "image.tflite"], 1, "an image classifier"),
        (["clips", "--model", "plain.tflite"], 2, "plain.tflite carries no labels"),
        (["gone", "--model", "model.tflite"], 1, "cannot read gone: no such file"),
        (["empty", "--model", "model.tflite"], 1, "cannot read empty: no folder of videos in it"),
        (["jazz.csv", "--model", "model.tflite"], 1, "has no label 'Jazz' of the data"),
        (["clips", "--model", "model.tflite", "--report", "a.pdf"], 2, "ending in .html"),
        (["clips", "--model", "model.tflite", "--report", "gone/a.html"], 1, "no folder gone"),
        (["clips", "--model", "model.tflite", "--report", "/proc/a.html"], 1, "cannot write /proc"),
        (["clips", "--model", "model.tflite", "--backend", "magic"], 2, "'magic' is not"),
        (["clips", "--model", "model.tflite", "--horizon", "0"], 2, "must be 1 frame or more"),
        (["clips", "--model", "model.tflite", "--split", "test"], 2, "it names no splits"),
        (
            ["clips", "--model", "model.tflite", "--fit-temperature", "new.onnx"],
            2,
            "its name must end so",
        ),
        (
            ["clips", "--model", "model.tflite", "--fit-temperature", "model.tflite"],
            2,
            "it is the model itself",
        ),
        (
            ["clips", "--model", "model.tflite", "--fit-temperature", "gone/new.tflite"],
            1,
            "there is no folder gone",
        ),
        (
            ["jazz.csv", "--model", "model.tflite", "--fit-temperature", "new.tflite"],
            1,
            "has no label 'Jazz'",
        ),
        (["clips", "--nonsense"], 2, "No such option"),
    ],
)
def test_bad_input_is_one_line(place, arguments, status, says):
    done = run(place, *arguments)
    assert says in one_error(done, status)
    assert done.stdout == ""


def test_nothing_can_be_read(place):
    done = run(place, "broken", "--model", "model.tflite", "--json")
    *each, last = done.stderr.splitlines()
    assert len(each) == 3
    assert all("not a video" in line for line in each)
    assert last == "movinet: error: cannot evaluate on broken: cannot read any of its 3 clips"
    assert (done.returncode, done.stdout) == (1, "")
