"""`movinet classify` from outside: a child process, its two streams and its status."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import pytest

from kit.tiny_model import TinyModel, image_classifier

LABELS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a model of three classes, its labels and a video."""
    folder = tmp_path_factory.mktemp("classify")
    (folder / "model.tflite").write_bytes(TinyModel(classes=3).data)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    write_video(folder / "video.mp4")
    return folder


def write_video(path: Path, *, seconds: int = 2, rate: int = 10) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(seconds * rate):
            image = np.full((48, 64, 3), (40 + 5 * number % 200, 90, 120), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def run(place: Path, *arguments, labels: bool = True, model: str = "model.tflite", **options):
    command = [sys.executable, "-m", "movinet", "classify", *map(str, arguments)]
    command += ["--model", model]
    if labels:
        command += ["--labels", "labels.txt"]
    return subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False, timeout=60, **options
    )


def lines(run) -> list[dict]:
    return [json.loads(line) for line in run.stdout.splitlines()]


def one_error(run, status: int) -> str:
    """The only line on stderr, which must be the error."""
    assert run.returncode == status, run.stderr
    assert "Traceback" not in run.stderr
    (line,) = run.stderr.splitlines()
    assert line.startswith("movinet: error: ")
    return line


def test_table(place):
    done = run(place, "video.mp4", "--top", 2)
    assert (done.returncode, done.stderr) == (0, "")
    head, first, second = done.stdout.splitlines()
    assert head == "video.mp4  2.0 s, 10 frames"
    assert first.split()[0] in LABELS
    assert float(first.split()[-1]) >= float(second.split()[-1])
    assert "━" in first


def test_json_is_the_contract(place):
    done = run(place, "video.mp4", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = lines(done)
    assert list(record) == ["video", "model", "duration", "frames", "top", "damaged_packets"]
    assert (record["video"], record["model"]) == ("video.mp4", "model")
    assert (record["duration"], record["frames"], record["damaged_packets"]) == (2.0, 10, 0)
    assert [list(category) for category in record["top"]] == [["label", "index", "score"]] * 3
    assert {LABELS.index(c["label"]) == c["index"] for c in record["top"]} == {True}
    assert sum(category["score"] for category in record["top"]) == pytest.approx(1, abs=1e-4)


def test_per_frame_lines_come_before_the_whole(place):
    *moments, whole = lines(run(place, "video.mp4", "--json", "--per-frame"))
    assert [list(moment) for moment in moments] == [["video", "time", "top"]] * 10
    assert [moment["time"] for moment in moments] == [n / 5 for n in range(10)]
    assert whole["top"] == moments[-1]["top"]


def test_without_labels_classes_are_numbers(place):
    (record,) = lines(run(place, "video.mp4", "--json", labels=False))
    assert [c["label"] for c in record["top"]] == [str(c["index"]) for c in record["top"]]


def test_csv_file(place, tmp_path):
    done = run(place, "video.mp4", "missing.mp4", "--out", tmp_path / "out.csv", "--top", 1)
    assert (done.returncode, done.stdout) == (1, "")
    good, bad = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text()))
    assert (good["video"], good["rank"], good["frames"]) == ("video.mp4", "1", "10")
    assert bad["error"] == "cannot read missing.mp4: no such file"


def test_out_is_json_lines_otherwise(place, tmp_path):
    done = run(place, "video.mp4", "--out", tmp_path / "out.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "out.jsonl").read_text())["frames"] == 10
    assert list(tmp_path.iterdir()) == [tmp_path / "out.jsonl"]


def test_embeddings_have_a_row_a_video(place, tmp_path):
    target = tmp_path / "features.npy"
    done = run(place, "video.mp4", "missing.mp4", "video.mp4", "--json", "--embeddings", target)
    assert done.returncode == 1
    rows = np.load(target)
    assert rows.shape[0] == 3
    assert rows.dtype == np.float32
    assert np.isnan(rows[1]).all()
    assert np.array_equal(rows[0], rows[2])
    run(place, "video.mp4", "--json", "--per-frame", "--embeddings", target)
    assert np.load(target).shape == (10, rows.shape[1])


def test_a_missing_file_is_one_failed_input_among_others(place):
    done = run(place, "video.mp4", "missing.mp4", "--json")
    assert one_error(done, 1) == "movinet: error: cannot read missing.mp4: no such file"
    good, bad = lines(done)
    assert good["frames"] == 10
    assert bad == {"video": "missing.mp4", "error": "cannot read missing.mp4: no such file"}


def test_allow_deny_threshold(place):
    (record,) = lines(run(place, "video.mp4", "--json", "--allow", "red", "--allow", "blue"))
    assert {c["label"] for c in record["top"]} == {"red", "blue"}
    (record,) = lines(run(place, "video.mp4", "--json", "--deny", "red"))
    assert {c["label"] for c in record["top"]} == {"green", "blue"}
    (record,) = lines(run(place, "video.mp4", "--json", "--threshold", "0.999999"))
    assert record["top"] == []
    assert "did you mean green" in one_error(run(place, "video.mp4", "--allow", "greem"), 2)


def test_start_end_fps_horizon_crop(place):
    (record,) = lines(run(place, "video.mp4", "--json", "--start", 0.5, "--end", 1.5))
    assert record["frames"] == 5
    (record,) = lines(run(place, "video.mp4", "--json", "--fps", 10))
    assert record["frames"] == 20
    for options in (["--horizon", "3"], ["--horizon", "none"], ["--crop", "center"]):
        done = run(place, "video.mp4", "--json", *options)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["video.mp4", "--start", "3", "--end", "2"], "the end (2 s) must be after the start"),
        (["video.mp4", "--start", "-1"], "start must not be before the beginning"),
        (["video.mp4", "--fps", "0"], "fps must be above 0"),
        (["video.mp4", "--horizon", "many"], "neither a number of frames nor 'none'"),
        (["video.mp4", "--horizon", "0"], "horizon must be 1 frame or more"),
        (["video.mp4", "--top", "0"], "0 is not in the range"),
        (["video.mp4", "--backend", "magic"], "'magic' is not"),
        (["video.mp4", "--out", "."], "it is a folder"),
        (["video.mp4", "--embeddings", "."], "it is a folder"),
        (["video.mp4", "--nonsense"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(place, arguments, says):
    assert says in one_error(run(place, *arguments), 2)


def test_an_unknown_model_name_suggests_near_ones(place):
    error = one_error(run(place, "video.mp4", model="a0-lite-k600-int9"), 2)
    assert "did you mean a0-lite-k600-int8?" in error


def test_a_name_that_is_no_tflite_says_which_are(place):
    assert "cannot be run" in one_error(run(place, "video.mp4", model="a0-base-k600"), 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"labels and other text\n" * 50, "it is not a .tflite file"),
        (TinyModel(classes=3).data[:900], "damaged or cut short"),
        (image_classifier(), "an image classifier"),
    ],
)
def test_bad_models(place, tmp_path, content, says):
    path = tmp_path / "bad.tflite"
    path.write_bytes(content)
    assert says in one_error(run(place, "video.mp4", model=str(path)), 1)


def test_a_missing_model(place):
    assert "no such file" in one_error(run(place, "video.mp4", model="gone.tflite"), 1).lower()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"red\ngreen\n", "2 labels but model has 3 classes"),
        (b"red\ngreen\nblue\nblack\n", "4 labels but model has 3 classes"),
        (b"red\n\xff\xfe\nblue\n", "line 2 is not UTF-8"),
        (b"", "the file is empty"),
    ],
)
def test_bad_labels(place, tmp_path, content, says):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    assert says in one_error(run(place, "video.mp4", "--labels", path, labels=False), 1)


def test_labels_with_a_byte_order_mark_and_crlf(place, tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbfred\r\ngreen\r\nblue\r\n\r\n")
    (record,) = lines(run(place, "video.mp4", "--json", "--labels", path, labels=False))
    assert {c["label"] for c in record["top"]} == set(LABELS)


def bad_video(folder: Path, kind: str) -> None:
    good = folder.parent / "good.mp4"
    write_video(good)
    path = folder / "bad.mp4"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("once upon a time " * 100)
    elif kind == "cut":  # the index lies at the end of an mp4
        path.write_bytes(good.read_bytes()[: good.stat().st_size // 3])
    elif kind == "sound":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=48_000, layout="mono")
            sound = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
            frame.rate = 48_000
            for packet in [*stream.encode(frame), *stream.encode()]:
                container.mux(packet)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "the file is empty"),
        ("text", "not a video"),
        ("cut", "not a video, or damaged beyond reading"),
        ("sound", "not a video (no video stream)"),
    ],
)
def test_bad_videos(place, tmp_path, kind, says):
    folder = tmp_path / "videos"
    folder.mkdir()
    bad_video(folder, kind)
    done = run(place, folder / "bad.mp4", "--json")
    assert says in one_error(done, 1)
    assert list(lines(done)[0]) == ["video", "error"]


def test_a_folder_is_searched_and_other_files_ignored(place, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("clip10.mp4", "clip2.mp4", "deep/er/a.MP4"):
        shutil.copy(place / "video.mp4", tmp_path / name)
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "cover.jpg").write_bytes(b"no picture")
    videos = [record["video"] for record in lines(run(place, tmp_path, "--json"))]
    assert videos == [f"{tmp_path}/{n}" for n in ("clip2.mp4", "clip10.mp4", "deep/er/a.MP4")]
    globbed = lines(run(place, tmp_path / "*.mp4", "--json"))
    assert [record["video"] for record in globbed] == videos[:2]


def test_a_folder_without_videos(place, tmp_path):
    (tmp_path / "notes.txt").write_text("no video")
    done = run(place, tmp_path, "--json")
    assert "a folder without images or videos" in one_error(done, 1)
    assert lines(done)[0]["video"] == str(tmp_path)


def test_a_folder_of_images_needs_a_rate(place, tmp_path):
    with av.open(str(place / "video.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            with av.open(str(tmp_path / f"{number}.png"), "w", format="image2") as image:
                stream = image.add_stream("png", rate=1)
                stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
                for packet in stream.encode(frame.reformat(format="rgb24")):
                    image.mux(packet)
    assert "--source-fps" in one_error(run(place, tmp_path, "--json"), 2)
    (record,) = lines(run(place, tmp_path, "--json", "--source-fps", 10))
    assert (record["frames"], record["duration"]) == (10, 2.0)


@pytest.mark.parametrize(
    "name",
    ["two words.mp4", 'it\'s "quoted".mp4', "춤추는 사람.mp4", "🕺.mp4", "[a]*.mp4", "a:b.mp4"],
)
def test_unusual_names(place, tmp_path, name):
    shutil.copy(place / "video.mp4", tmp_path / name)
    done = run(place, tmp_path / name, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done)[0]["video"] == str(tmp_path / name)
    assert run(place, tmp_path / name).stdout.startswith(str(tmp_path / name))


def test_standard_input(place):
    command = [
        sys.executable,
        "-m",
        "movinet",
        "classify",
        "-",
        "--model",
        "model.tflite",
        "--json",
    ]
    with (place / "video.mp4").open("rb") as file:
        done = subprocess.run(
            command, cwd=place, stdin=file, capture_output=True, text=True, check=True
        )
    assert json.loads(done.stdout)["frames"] == 10


def test_a_test_pattern(place):
    (record,) = lines(run(place, "test:1", "--json"))
    assert record["frames"] == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk(place):
    error = one_error(run(place, "video.mp4", "--json", "--out", "/dev/full"), 1)
    assert error == "movinet: error: cannot write /dev/full: No space left on device"
    command = [sys.executable, "-m", "movinet", "classify", "video.mp4", "--model", "model.tflite"]
    for more in ([], ["--json"]):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            done = subprocess.run(
                command + more,
                cwd=place,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr == (
            "movinet: error: cannot write standard output: No space left on device\n"
        )


def test_a_reader_that_leaves_is_no_error(place):
    script = (
        f"{sys.executable} -m movinet classify video.mp4 test:30 --model model.tflite --json "
        "--per-frame | head -n 1; echo ${PIPESTATUS[0]}"
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[1] == "0"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_keeps_what_was_written(place, tmp_path, number, status):
    target = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "movinet", "classify", "video.mp4", "test:"]
    command += ["--model", "model.tflite", "--per-frame", "--json", "--out", str(target)]
    process = subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    part = target.with_name(".out.jsonl.part")
    deadline = time.monotonic() + 30
    # The endless pattern has begun when lines of it are there.
    while not part.exists() or "test:" not in part.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    # click ends the line that a terminal shows as ^C
    assert (process.returncode, stdout, stderr.strip()) == (status, "", "")
    records = [json.loads(line) for line in target.read_text().splitlines()]
    assert records[10]["frames"] == 10
    assert not part.exists()


def test_no_permission(place):
    """Root may read everything, so a root's test gives up its rights once all is imported."""
    script = """
import os, sys
import av, ai_edge_litert.interpreter
import movinet.cli.classify, movinet.frames.container, movinet.models.tflite
import movinet.outputs.jsonlines, movinet.runtime.litert
from movinet.cli.program import run
if os.getuid() == 0:
    os.setuid(65534)
sys.exit(run(sys.argv[1:]))
"""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        for name in ("video.mp4", "model.tflite"):
            shutil.copy(place / name, folder)
        (Path(folder) / "video.mp4").chmod(0)
        command = [sys.executable, "-c", script, "classify", "video.mp4", "--json"]
        command += ["--model", "model.tflite"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "video.mp4: no permission to read it" in one_error(done, 1)


def test_help_and_version_and_no_verb():
    def movinet(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "movinet", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    assert "classify" in movinet("--help").stdout
    assert movinet("--version").stdout.startswith("movinet 0.")
    assert movinet().returncode == 2
    wrong = movinet("clasify")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("movinet: error: No such command 'clasify'")


def test_the_models_own_horizon_is_the_default(place):
    """60 frames are more than the model's horizon of 50: the last scores tell which was used."""

    def last_scores(*options) -> list[float]:
        done = run(place, "test:12", "--json", "--per-frame", *options)
        return [c["score"] for c in sorted(lines(done)[-2]["top"], key=lambda c: c["index"])]

    default = last_scores()
    assert default == last_scores("--horizon", 50) == last_scores("--horizon", "model")
    assert default != last_scores("--horizon", "none")
