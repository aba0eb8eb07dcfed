"""The page in Chromium with real models: official and our own, on pictures and on a camera."""

from __future__ import annotations

import numpy as np
import pytest

import movinet
from kit.page import Model, needs_page, read_pictures, run, write_rgba, write_site, write_y4m
from kit.real import INT8, LABELS, REAL, VIDEOS
from movinet.models import read_info, read_labels

pytestmark = needs_page

CLIP = VIDEOS / "carving_ice_172.mp4"
# The largest difference of a score over 90 frames. 8-bit kernels for WebAssembly round a little
# otherwise in our files: 0.033 was seen, and 0.05 is what the page must keep.
BOUNDS = {"official": 1e-5, "own": 0.05, "float": 1e-3}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The official A0, and its weights in files of our own."""
    pytest.importorskip("torch")
    from movinet.export import export
    from movinet.export.clips import read_clips
    from movinet.frames.discovery import find_videos
    from movinet.weights import read

    folder = tmp_path_factory.mktemp("page")
    net = read(INT8, labels=read_labels(LABELS)).net
    clips = read_clips(find_videos(str(REAL / "finetune"))[::6], net.info)
    export(net, folder / "own.tflite", precision="int8", clips=clips.frames)
    export(net, folder / "float.tflite")
    labelled = read_info(INT8).with_labels(read_labels(LABELS), LABELS.name)
    models = [
        Model("official", INT8, labelled),
        Model("own", folder / "own.tflite"),
        Model("float", folder / "float.tflite"),
    ]
    return write_site(folder / "site", models)


def load(site, name):
    path = site / "models" / f"{name}.tflite"
    return movinet.load(path, labels=LABELS if name == "official" else None)


@pytest.mark.parametrize("name", BOUNDS)
def test_the_same_pictures_give_the_same_scores(name, site):
    pictures = read_pictures(CLIP)
    height, width = pictures[0].shape[:2]
    times = [index / 5 for index in range(90)]
    # Every seventh picture, so that they are not too alike.
    order = [7 * index % len(pictures) for index in range(90)]
    write_rgba([pictures[place] for place in order], site / "frames.bin")
    job = {"site": site, "model": name, "events": False, "frames": "frames.bin", "times": times}
    out = run("engine", width=width, height=height, count=len(order), **job)
    assert out["problems"] == []
    stream = load(site, name).stream()
    differences = []
    for one, place, time in zip(out["answers"], order, times, strict=True):
        prediction = stream.push(pictures[place], time)
        scores = np.array(one["scores"])
        differences.append(np.abs(scores - prediction.scores).max())
        assert scores.argmax() == prediction.scores.argmax()
    print(f"{name}: largest difference {max(differences):.1e}")
    assert max(differences) <= BOUNDS[name]


def test_files_are_watched_as_python_watches_them(site):
    """To the very frames, of a constant rate and of a phone's, which is turned too."""
    videos = [CLIP, VIDEOS / "phone_rotated_180_vfr.mp4", VIDEOS / "crossfit_power_clean_262.mp4"]
    out = run("file", site=site, model="official", events=False, videos=videos)
    assert out["problems"] == []
    classifier = load(site, "official")
    for result, video in zip(out["results"], videos, strict=True):
        wanted = [float(prediction.time) for prediction in classifier.watch(video)]
        times = [one["time"] / 1e6 for one in result["answers"]]
        assert times == pytest.approx(wanted, abs=1e-6), video
        last = result["answers"][-1]["top"][0]
        if video != videos[1]:  # not one of its 600 actions: any score is near another
            best = classifier.classify(video).top(1)[0]
            assert last["index"] == best.index
            assert last["score"] == pytest.approx(best.score, abs=0.05)


def intervals_missed(answers) -> int:
    """Of the intervals of 0.2 s since the first frame: in each, one frame of the camera's is taken.

    The times themselves may be 4.99 a second apart, because a frame is not at the beginning of its
    interval but the first in it.
    """
    taken = [(one["time"] - answers[0]["time"]) // 200_000 for one in answers]
    return taken[-1] + 1 - len(set(taken))


def test_a_camera_is_watched_as_python_watches_it(site, tmp_path):
    """The camera shows 30 pictures a second, over and over; the models take 5 of them."""
    camera = write_y4m(CLIP, tmp_path / "camera.y4m")
    names = ["official", "own"]
    job = {"site": site, "camera": camera, "models": names, "rounds": 2, "events": False}
    out = run("camera", frames=60, timeout=280, **job)
    assert out["problems"] == []
    assert out["hosts"] == []
    pictures = read_pictures(camera)
    times, missed = {name: [] for name in names}, {name: [] for name in names}
    for each in out["runs"]:
        stream = load(site, each["model"]).stream()
        shown = [pictures[index % len(pictures)] for index in range(12 * 30)]
        answers = [stream.push(picture, index / 30) for index, picture in enumerate(shown)]
        best = next(one for one in reversed(answers) if one is not None).top(1)[0]
        seen = each["answers"][-1]["top"][0]
        assert seen["index"] == best.index
        assert seen["score"] == pytest.approx(best.score, abs=0.05)
        missed[each["model"]].append(intervals_missed(each["answers"]))
        times[each["model"]] += [one["cost"]["network"] for one in each["answers"][5:]]
    print(f"intervals without an answer: {missed}")
    for name in names:
        # Of two rounds, because another program may hold one of them up for some time.
        assert min(missed[name]) == 0, f"{name} does not keep up with 5 frames a second"
    # The quickest tenth: what a step costs where nothing else takes the processor.
    official, own = (float(np.quantile(times[name], 0.1)) for name in names)
    print(f"official {official:.1f} ms, own {own:.1f} ms a frame")
    assert own <= 0.8 * official
