"""The constants of `cost_model.py`, measured; and whole programs beside what it says of them.

Processor time of threads and processes, not time on the wall; of repeated measurements the least,
so that other work on the machine does little harm. Pin it to a core all the same.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import av
import numpy as np

# The films and cameras are those of the tests and benchmarks.
sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.streams import pictures, private_bytes
from cost_model import MODEL_FPS, Costs, Source, constants_table, load, memory, table

from movinet.frames import Image, Resizer, open_source
from movinet.live import Answer, Camera, Watching
from movinet.live.records import answer_record
from movinet.live.shard import pack, unpack
from movinet.models import read_info
from movinet.runtime import open_model
from movinet.scale import Answer as Told
from movinet.scale import Engine
from movinet.stream import load as load_model
from movinet.stream.classifier import default_options
from movinet.synthetic import render_clip

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, FPS, SECONDS = 3, 25, 4
STREAMS, STEPS = 20, 60
VIDEOS = ROOT.parent / "shared" / "real" / "videos"
# Width, height, megabits a second: two rates for each size, so that bytes and pixels come apart.
FILMS = (
    (640, 360, 0.5),
    (640, 360, 1.5),
    (1280, 720, 1.0),
    (1280, 720, 4.0),
    (1920, 1080, 2.0),
    (1920, 1080, 8.0),
)


# -- films -----------------------------------------------------------------------------------------


def shots(width: int, height: int) -> Iterator[Image]:
    """A drawn figure, enlarged, with the noise of a sensor, again and again; `[H, W, 3]`."""
    clip = render_clip("jumping jacks", 3, size=640, fps=FPS, seconds=4)[:, 140:500]
    chance = np.random.default_rng(0)
    noise = chance.normal(0, 3, (5, height, width, 1)).astype(np.float32)
    number = 0
    while True:
        small = av.VideoFrame.from_ndarray(np.ascontiguousarray(clip[number % len(clip)]), "rgb24")
        large = small.reformat(width, height).to_ndarray(format="rgb24")
        yield (large + noise[number % 5]).clip(0, 255).astype(np.uint8)
        number += 1


def write_film(path: Path, size: tuple[int, int], megabits: float, seconds: int) -> Path:
    """As a camera sends it: no frame before another, one in two seconds a key frame."""
    rate = round(megabits * 1e6)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt, stream.bit_rate = "yuv420p", rate
        stream.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "threads": "1",
            "g": str(2 * FPS),
            "maxrate": str(rate),
            "bufsize": str(rate),
        }
        for number, image in zip(range(seconds * FPS), shots(*size), strict=False):
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def describe(path: Path) -> tuple[Source, float]:
    """What a film is, with the part of its frames that is decoded; and its seconds."""
    source = cast("Any", open_source(path, fps=Fraction(MODEL_FPS)))
    decode, decoded = source._decode, 0

    def counting(*arguments: object) -> Iterator[av.VideoFrame]:
        nonlocal decoded
        for picture in decode(*arguments):
            decoded += 1
            yield picture

    source._decode = counting
    with source:
        for _ in source:
            pass
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        fps = float(stream.average_rate or FPS)
        width, height = stream.width, stream.height
    seconds = len(packets) / fps
    megabits = sum(packet.size for packet in packets) * 8 / seconds / 1e6
    return Source(width, height, fps, megabits, decoded / len(packets)), seconds


# -- the constants ---------------------------------------------------------------------------------


def least(work: Callable[[], float]) -> float:
    """Of some rounds."""
    return min(work() for _ in range(ROUNDS))


def decode_seconds(path: Path) -> float:
    """Of a frame, all of them decoded."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        begun, count = time.thread_time(), 0
        for packet in container.demux(stream):
            count += len(packet.decode())
        return (time.thread_time() - begun) / count


def convert_seconds(path: Path, size: tuple[int, int], decode: float) -> float:
    """Of a frame that the model takes: choosing it, too; of films whose frames are all decoded."""
    resize, taken = Resizer(*size), 0
    begun = time.thread_time()
    with open_source(path, fps=Fraction(MODEL_FPS)) as source:
        for frame in source:
            resize(frame.image)
            taken += 1
    return (time.thread_time() - begun - decode * SECONDS * FPS) / taken


def fit(points: list[tuple[list[float], float]]) -> list[float]:
    """Factors, none below 0, of least squares of relative errors."""
    matrix = np.array([[part / seconds for part in parts] for parts, seconds in points])
    columns = list(range(matrix.shape[1]))
    found = np.zeros(matrix.shape[1])
    while columns:
        answer = np.linalg.lstsq(matrix[:, columns], np.ones(len(points)), rcond=None)[0]
        if (answer >= 0).all():
            found[columns] = answer
            break
        del columns[int(answer.argmin())]
    return [float(value) for value in found]


def step_seconds(model: Path) -> float:
    """Of one in an engine of one thread, with all that it does beside the network."""
    info = read_info(model)
    frames = pictures(info.size)
    with Engine({"": [open_model(model, info=info)]}) as engine:
        counts = [0] * STREAMS

        def join(number: int) -> None:
            def tell(answer: Told) -> None:
                counts[number] += 1
                seat.offer(frames[counts[number] % 16], counts[number] / MODEL_FPS)

            seat = engine.join("", default_options(info), tell)
            seat.offer(frames[0], 0.0)

        for number in range(STREAMS):
            join(number)
        best = 1.0
        for _ in range(2 * ROUNDS):
            before, begun = sum(counts), time.process_time()
            while sum(counts) - before < STREAMS * STEPS // 2:
                time.sleep(0.02)
            best = min(best, (time.process_time() - begun) / (sum(counts) - before))
    return best


def answer_costs(model: Path) -> tuple[float, float]:
    """Seconds and bytes of telling one, to another process and as a line of JSON."""
    classifier = load_model(model)
    prediction = classifier.stream().push(pictures(classifier.info.size)[0], 0.0)
    assert prediction is not None
    camera = Camera("camera-0001", "test:")
    answer, line = Answer(camera, prediction), ""

    def tell() -> float:
        nonlocal line
        begun = time.thread_time()
        for _ in range(500):
            sent = pickle.dumps([pack(answer)], pickle.HIGHEST_PROTOCOL)
            told = unpack(pickle.loads(sent)[0], {camera.name: camera}, classifier.info)
            assert told.prediction is not None
            line = json.dumps(answer_record(told, told.prediction.top(3)))
        return (time.thread_time() - begun) / 500

    return least(tell), len(line) + 1


def receive_seconds(address: str, seconds: float) -> float:
    """Of a frame of a network camera that is not decoded."""
    with av.open(address, options={"rtsp_transport": "tcp"}) as container:
        stream = container.streams.video[0]
        begun, until, count = time.thread_time(), time.monotonic() + seconds, 0
        for _ in container.demux(stream):
            count += 1
            if time.monotonic() > until:
                break
        return (time.thread_time() - begun) / count


def own_child(*arguments: object) -> dict[str, float]:
    """What this file says as a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return cast("dict[str, float]", json.loads(run.stdout))


def engine_memory(model: Path, streams: int) -> dict[str, float]:
    """Bytes of a process with so many streams."""
    info = read_info(model)
    frame, count = pictures(info.size)[0], 0

    def tell(answer: Told) -> None:
        nonlocal count
        count += 1

    options = default_options(info)
    with Engine({"": [open_model(model, info=info)]}) as engine:
        seats = [engine.join("", options, tell) for _ in range(streams)]
        # Each ring is written once, so that its memory is there.
        for number in range((options.horizon or 0) + 2):
            for seat in seats:
                seat.offer(frame, number / MODEL_FPS)
            while count < (number + 1) * streams:
                time.sleep(0.002)
        return {"bytes": private_bytes()}


def live_memory(model: Path, film: str, cameras: int) -> dict[str, float]:
    """Bytes of a process that watches so many cameras."""
    watched = [Camera(str(n), film, realtime=True, loop=True) for n in range(cameras)]
    with Watching(load_model(model), watched) as watching:
        until = time.monotonic() + 12  # a whole ring of 50 frames at five a second
        while time.monotonic() < until:
            watching.wait(0.1)
        return {"bytes": private_bytes()}


def movinet_seconds(*arguments: object) -> float:
    """CPU seconds of a whole program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "movinet", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_costs(model: Path, films: dict[tuple[int, int, float], Path]) -> Costs:
    """All of them."""
    from kit.rtsp import RtspCamera

    size = read_info(model).size
    decoding: list[tuple[list[float], float]] = []
    for (width, height, _), path in films.items():
        source, _ = describe(path)
        seconds = least(partial(decode_seconds, path))
        decoding.append(([1.0, width * height, source.frame_bytes], seconds))
        print(f"decode {source}: {seconds * 1e3:.2f} ms a frame", flush=True)
    converting: list[tuple[list[float], float]] = []
    for (parts, decode_each), path in list(zip(decoding, films.values(), strict=True))[::2]:
        seconds = least(partial(convert_seconds, path, size, decode_each))
        converting.append(([1.0, parts[1]], seconds))
        print(f"convert {parts[1]} pixels: {seconds * 1e3:.2f} ms a frame", flush=True)
    decode, convert = fit(decoding), fit(converting)
    with RtspCamera([image for _, image in zip(range(FPS), shots(640, 360), strict=False)]) as rtsp:
        receive = least(lambda: receive_seconds(rtsp.address, 4))
    answer, answer_bytes = answer_costs(model)
    short = films[FILMS[0]]
    source, seconds = describe(short)
    step = step_seconds(model)
    costs = Costs(
        decode_frame=decode[0],
        decode_pixel=decode[1],
        decode_byte=decode[2],
        convert_frame=convert[0],
        convert_pixel=convert[1],
        step=step,
        receive_frame=receive,
        answer=answer,
        start=0.0,
        process_bytes=0.0,
        stream_bytes=0.0,
        camera_bytes=0.0,
        camera_pixel=0.0,
        answer_bytes=answer_bytes,
    )
    whole = least(lambda: movinet_seconds("classify", short, "--model", model))
    few, many = (own_child("engine", model, count)["bytes"] for count in (1, 21))
    stream = (many - few) / 20
    reading = []
    for width, height, megabits in (FILMS[0], FILMS[-2]):
        path = films[width, height, megabits]
        one, five = (own_child("live", model, path, count)["bytes"] for count in (1, 5))
        reading.append((width * height, (five - one) / 4 - stream))
    (small, at_small), (large, at_large) = reading
    pixel = (at_large - at_small) / (large - small)
    return replace(
        costs,
        start=whole - load(costs, source, live=False).total * seconds,
        process_bytes=few - stream,
        stream_bytes=stream,
        camera_bytes=at_small - pixel * small,
        camera_pixel=pixel,
    )


# -- whole programs --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """A whole program: what the formulas say and what was measured."""

    name: str
    predicted: float
    measured: float
    unit: str = "s"

    @property
    def row(self) -> list[str]:
        """Of the table."""
        both = (f"{value:.3g} {self.unit}" for value in (self.predicted, self.measured))
        return [self.name, *both, f"{self.predicted / self.measured:.2f}"]


def classified(costs: Costs, model: Path, path: Path, name: str = "") -> Point:
    """`movinet classify` of one video, as a process."""
    source, seconds = describe(path)
    predicted = costs.start + load(costs, source, live=False).total * seconds
    measured = least(lambda: movinet_seconds("classify", path, "--model", model))
    kind = f"{source.width}x{source.height}, {source.fps:.3g} fps, {source.megabits:.2g} Mbit/s"
    part = "" if source.decoded == 1 else f", {source.decoded:.0%} decoded"
    return Point(f"classify {name}, {seconds:.0f} s of {kind}{part}", predicted, measured)


def watched(costs: Costs, model: Path, source: Source, addresses: list[str], *how: str) -> Point:
    """`movinet live` of some cameras, as a process."""
    seconds, sources = 15, [part for one in addresses for part in ("--source", one)]
    arguments = ["live", *sources, *how, "--json", "--seconds", seconds, "--model", model]
    one = load(costs, source, live=not how)
    predicted = costs.start + one.total * seconds * len(addresses)
    if how:
        predicted += costs.answer * MODEL_FPS * seconds * len(addresses)
    measured = min(movinet_seconds(*arguments) for _ in range(2))
    kind = f"{source.width}x{source.height}, {source.megabits:.2g} Mbit/s"
    name = f"live, {len(addresses)} {'files' if how else 'RTSP cameras'} of {kind}, {seconds} s"
    return Point(name, predicted, measured)


def measure_points(
    costs: Costs, model: Path, films: dict[tuple[int, int, float], Path], folder: Path
) -> Iterator[Point]:
    """Films, cameras, memory."""
    from benchmarks.classify import loop_video

    from kit.rtsp import RtspCamera

    new = write_film(folder / "new.mp4", (640, 360), 1.0, 20)
    yield classified(costs, model, new, "drawn")
    new = write_film(folder / "larger.mp4", (1280, 720), 2.0, 20)
    yield classified(costs, model, new, "drawn")
    if VIDEOS.is_dir():
        for name in ("failing_audio", "yoga"):
            yield classified(costs, model, VIDEOS / f"{name}.mp4", name)
        looped = folder / "looped.mp4"
        loop_video(VIDEOS / "juggling_soccer_ball.mp4", looped, seconds=20)
        yield classified(costs, model, looped, "juggling")
    film = films[FILMS[2]]
    yield watched(costs, model, describe(film)[0], [str(film)] * 2, "--realtime", "--loop")
    images = [image for _, image in zip(range(2 * FPS), shots(640, 360), strict=False)]
    with ExitStack() as stack:
        served = [stack.enter_context(RtspCamera(images)) for _ in range(4)]
        data = sum(len(packet) for packet, _ in served[0]._frames)
        source = Source(640, 360, FPS, data * 8 * FPS / len(images) / 1e6)
        yield watched(costs, model, source, [camera.address for camera in served])
    many = own_child("engine", model, 41)["bytes"]
    predicted = costs.process_bytes + 41 * costs.stream_bytes
    yield Point("memory of an engine, 41 streams", predicted / 1e6, many / 1e6, "MB")
    film = films[FILMS[2]]
    used = own_child("live", model, film, 4)["bytes"]
    predicted = memory(costs, describe(film)[0], 4, 1)
    yield Point("memory of live, 4 of 1280x720", predicted / 1e6, used / 1e6, "MB")


def measure(stored: Costs, file: str | None) -> None:
    """Print constants and points."""
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if file is None:
            from benchmarks.own import own_model

            model = own_model(folder)
        else:
            model = Path(file).resolve()
        films = {
            kind: write_film(folder / f"{kind[0]}_{kind[2]:g}.mp4", kind[:2], kind[2], SECONDS)
            for kind in FILMS
        }
        costs = measure_costs(model, films)
        print(f"\n{constants_table(stored, costs)}\n\n{costs}\n", flush=True)
        print(table(["whole program", "predicted", "measured", "ratio"], []))
        for point in measure_points(costs, model, films, folder):
            print(f"| {' | '.join(point.row)} |", flush=True)


if __name__ == "__main__":
    kind, file, *rest = sys.argv[1:]
    if kind == "engine":
        print(json.dumps(engine_memory(Path(file), int(rest[0]))))
    else:
        print(json.dumps(live_memory(Path(file), rest[0], int(rest[1]))))
