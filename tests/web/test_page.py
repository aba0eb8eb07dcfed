"""The page with the starter model, in Chromium, beside Python with the same."""

from __future__ import annotations

import base64
from dataclasses import asdict
from fractions import Fraction

import av
import numpy as np
import pytest

import movinet
from kit.film import film
from kit.page import (
    Model,
    needs_page,
    read_pictures,
    run,
    write_rgba,
    write_site,
    write_y4m,
)
from movinet.frames import Clock, Resizer, Sampler, exact_seconds
from movinet.models.starter import starter_path
from movinet.runtime import open_model
from movinet.stream.events import EventDetector, EventOptions
from movinet.stream.prediction import Prediction

pytestmark = needs_page


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A film of two actions, and when they are."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return path, film(path, ["jumping jacks", "squat"], seed=3, action=3, between=1.5)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"), [Model("starter", starter_path())])


def drawn_resizes(random):
    for rule in ("stretch", "center"):
        for height, width in [(48, 64), (64, 48), (33, 121), (172, 172), (5, 3), (1, 1)]:
            for size in [(32, 32), (17, 40)]:
                image = random.integers(0, 256, (height, width, 3), np.uint8)
                yield rule, size, image


def drawn_paces(random):
    for fps, horizon in [(5, 50), (10, 10), (25 / 3, None), (12.5, 3)]:
        for gap in (0.01, 0.04, 0.3):
            steps = random.exponential(gap, 80) + (random.random(80) < 0.05) * 11
            backward = (random.random(80) < 0.05) * 0.5
            times = 3 + np.cumsum(steps) - backward
            yield fps, horizon, times.tolist()


def python_pace(fps, horizon, times):
    """As `Stream.push`: (time, whether it begins anew) or None for each."""
    rate = Fraction(fps).limit_denominator(1001)
    tick = Fraction(1, 1_000_000)

    def begin():
        return Clock(1 / rate, tick), Sampler(rate)

    (clock, sampler), last, fresh, taken = begin(), None, True, []
    for time in times:
        moment = clock.read(exact_seconds(time))
        if horizon is not None and last is not None and moment - last > horizon / rate:
            (clock, sampler), fresh = begin(), True
            moment = clock.read(exact_seconds(time))
        last = moment
        if not sampler.takes(moment):
            taken.append(None)
            continue
        taken.append({"time": int(moment * 1_000_000), "fresh": fresh})
        fresh = False
    return taken


def drawn_events(random, info):
    for options in (
        EventOptions(),
        EventOptions(minimum=0.5),
        EventOptions(on=0.3, off=0.1, minimum=0, join=0.4, cool_down=1, margin=0.1),
    ):
        walk = np.repeat(random.normal(0, 5, (40, info.classes)), 14, 0)
        rows = np.exp(walk) / np.exp(walk).sum(1, keepdims=True)
        yield options, rows.astype(np.float32), [2 + index / 10 for index in range(len(rows))]


def told(event):
    return event.index, float(event.start), None if event.end is None else float(event.end)


def test_the_rules_are_those_of_python():
    random = np.random.default_rng(0)
    info = movinet.read_info(starter_path())
    resizes = list(drawn_resizes(random))
    paces = list(drawn_paces(random))
    events = list(drawn_events(random, info))
    out = run(
        "rules",
        resize=[
            {
                "rule": rule,
                "size": size,
                "width": image.shape[1],
                "height": image.shape[0],
                "data": base64.b64encode(np.dstack([image, image[..., :1]]).tobytes()).decode(),
            }
            for rule, size, image in resizes
        ],
        paces=[{"fps": f, "horizon": h, "times": times} for f, h, times in paces],
        events=[
            {
                "contract": info.to_dict(),
                "options": asdict(options),
                # Twenty frames, and a cut now and then.
                "memories": [min(index % 97 + 1, 20) for index in range(len(rows))],
                "rows": rows.tolist(),
                "times": times,
            }
            for options, rows, times in events
        ],
    )
    for (rule, size, image), data in zip(resizes, out["resize"], strict=True):
        assert base64.b64decode(data) == Resizer(*size, rule)(image).tobytes(), (rule, size)
    for (fps, horizon, times), moments in zip(paces, out["paces"], strict=True):
        assert moments == python_pace(fps, horizon, times)
    for (options, rows, times), found in zip(events, out["events"], strict=True):
        detector = EventDetector(info, options, fps=info.fps, memory=20)
        wanted = []
        for index, (row, time) in enumerate(zip(rows, times, strict=True)):
            spoken = min(index % 97 + 1, 20)
            prediction = Prediction(exact_seconds(time), index, row, info, memory=spoken)
            wanted += detector.push(prediction)
        wanted += detector.finish()
        assert len(wanted) > 10
        assert [one["index"] for one in found] == [one.index for one in wanted]
        for one, event in zip(found, wanted, strict=True):
            _, start, end = told(event)
            assert abs(one["start"] / 1e6 - start) < 1e-6
            assert one["end"] is None if end is None else abs(one["end"] / 1e6 - end) < 1e-6
            assert one["peak"] == pytest.approx(event.peak, abs=1e-6)


@pytest.mark.parametrize("events", [False, True])
def test_the_same_pictures_give_the_same_scores(events, drawn, site):
    """8-bit kernels for WebAssembly round otherwise now and then."""
    pictures = read_pictures(drawn[0])
    height, width = pictures[0].shape[:2]
    write_rgba(pictures, site / "frames.bin")
    # Twice as many pictures as the model takes, and times that do not begin at 0.
    times = [7.013 + index / 20 for index in range(2 * len(pictures))]
    out = run(
        "engine",
        site=site,
        model="starter",
        events=events,
        frames="frames.bin",
        width=width,
        height=height,
        count=len(pictures),
        times=times,
    )
    assert out["problems"] == []
    classifier = movinet.load(starter_path(), events=EventOptions() if events else None)
    stream = classifier.stream()
    wanted = [stream.push(pictures[i % len(pictures)], time) for i, time in enumerate(times)]
    wanted = [prediction for prediction in wanted if prediction is not None]
    assert len(wanted) > 80 > classifier.options.horizon
    assert [one["index"] for one in out["answers"]] == [one.index for one in wanted]
    differences = []
    for one, prediction in zip(out["answers"], wanted, strict=True):
        assert one["time"] == int(prediction.time * 1_000_000)
        scores = np.array(one["scores"])
        differences.append(np.abs(scores - prediction.scores).max())
        best = np.sort(prediction.scores)[-2:]
        if best[1] - best[0] > 0.1:
            assert scores.argmax() == prediction.scores.argmax()
    assert max(differences) <= 0.05
    assert np.median(differences) < 0.01


def test_a_file_is_watched_as_python_watches_it(drawn, site):
    path, _ = drawn
    out = run("file", site=site, model="starter", events=True, videos=[path])
    assert out["problems"] == []
    (result,) = out["results"]
    classifier = movinet.load(starter_path(), events=EventOptions())
    wanted = list(classifier.watch(path))
    assert [one["time"] for one in result["answers"]] == [int(p.time * 10**6) for p in wanted]
    summary = classifier.classify(path)
    began = [e for one in result["answers"] for e in one["events"] if e["end"] is None]
    assert [one["label"] for one in began] == [event.label for event in summary.events]
    for one, event in zip(began, summary.events, strict=True):
        assert abs(one["start"] / 1e6 - float(event.start)) <= 0.3
        assert event.label in result["list"]


def test_a_camera(drawn, site, tmp_path):
    camera = write_y4m(drawn[0], tmp_path / "camera.y4m")
    job = {"site": site, "camera": camera, "models": ["starter"], "rounds": 1, "events": False}
    out = run("camera", frames=40, **job)
    assert out["problems"] == []
    assert out["hosts"] == []
    assert out["runs"][0]["fps"] >= 5


def test_it_works_when_the_server_has_stopped(drawn, site):
    out = run("offline", site=site, video=drawn[0], frames=20)
    assert out["title"] == "movinet"
    assert out["best"] in movinet.read_info(starter_path()).labels
    assert out["models"] == 1
    assert out["seconds"] < 15
    assert out["hosts"] == []
    assert out["problems"] == []


def test_everybody_can_use_it(site, tmp_path):
    """axe-core finds nothing, on a phone and a desktop, in both themes; Tab reaches everything."""
    short = tmp_path / "short.mp4"
    film(short, ["jumping jacks"], seed=3, action=3, between=0.5)
    out = run("access", site=site, model="starter", video=short, pictures=None)
    assert len(out["findings"]) == 12
    assert not any(out["findings"].values()), out["findings"]
    assert {"language", "choose", "camera", "model", "events"} <= set(out["tabs"])
    assert out["narrow"] == 0
    assert out["lang"] == "ko"


def write_silence(path):
    """A video file without a video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for index in range(50):
            sound = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, index * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_what_goes_wrong_is_said_and_what_is_stopped_ends(drawn, site, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 100)
    silent = write_silence(tmp_path / "silent.mp4")
    out = run("wrong", site=site, broken=broken, silent=silent, video=drawn[0])
    nothing = {"run": "start", "video": False, "empty": True, "live": 0}
    assert out["results"] == {
        "broken": {**nothing, "says": "unplayable"},
        "silent": {**nothing, "says": "unplayable"},
        "denied": {**nothing, "says": "denied"},
        "stopped camera": {**nothing, "says": "stopped"},
        "stopped file": {**nothing, "says": "stopped"},
        "after": {**nothing, "says": "stopped", "video": True, "empty": False},
    }
    problems = [one for one in out["problems"] if "Service Worker registration" not in one]
    assert problems == []


def test_over_plain_http_it_says_why_there_is_no_camera(site):
    out = run("insecure", site=site)
    assert "HTTPS" in out["note"]
    assert out["korean"] != out["note"]
    assert out["camera"] is False
    assert out["choose"] is True


def test_float_files_with_past_frames_in_a_line(tmp_path):
    """A small network: squeeze-excite and delay lines, over its horizon."""
    pytest.importorskip("torch")
    from kit.networks import small
    from movinet.export import export

    path = tmp_path / "small.tflite"
    export(small(), path)
    info = movinet.read_info(path)
    assert any(state.moves_from for state in info.states)
    site = write_site(tmp_path / "site", [Model("small", path)])
    random = np.random.default_rng(5)
    height, width = info.size
    pictures = list(random.integers(0, 256, (90, height, width, 3), np.uint8))
    write_rgba(pictures, site / "frames.bin")
    times = [index / float(info.fps) for index in range(len(pictures))]
    out = run(
        "engine",
        site=site,
        model="small",
        events=False,
        frames="frames.bin",
        width=width,
        height=height,
        count=len(pictures),
        times=times,
    )
    assert out["problems"] == []
    stream = movinet.Stream(open_model(path), movinet.load(path).options)
    for one, picture, time in zip(out["answers"], pictures, times, strict=True):
        prediction = stream.push(picture, time)
        assert np.abs(np.array(one["scores"]) - prediction.scores).max() < 1e-4
    assert len(out["answers"]) > info.horizon
