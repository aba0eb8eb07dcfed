"""Many streams on one engine: each answered as if it were alone, and none at another's cost."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

from movinet.errors import SourceError, UsageError
from movinet.frames.orientation import orientation_of, upright_image
from movinet.runtime import open_model
from movinet.scale import Answer, Engine
from movinet.stream import Classifier, EventOptions
from movinet.web.jpeg import JpegDecoder
from movinet.web.messages import stream_options

EVENTS = EventOptions(on=0.34, off=0.34, minimum=0.02, join=0.5, memory=1)


def engine_of(model, info, threads):
    loads = [open_model(model, info=info) for _ in range(threads)]
    return Engine({"model": loads}, decoder=lambda: JpegDecoder(4096))


@pytest.fixture
def engine(model, info):
    with engine_of(model, info, 2) as engine:
        yield engine


class Told:
    """Answers as they come, to be waited for."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._news = threading.Condition()

    def __call__(self, answer: Answer) -> None:
        with self._news:
            self.answers.append(answer)
            self._news.notify_all()

    def wait(self, count: int, seconds: float = 10) -> list[Answer]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.answers) >= count, seconds), self.answers
            return list(self.answers)


def alone(model, info, frames, events=None):
    """What one stream says to the same pictures, and its events."""
    classifier = Classifier(open_model(model, info=info), stream_options(info, events))
    stream, decode, told = classifier.stream(), JpegDecoder(4096), []
    detector = None if events is None else classifier.detector()
    predictions = [
        prediction
        for jpeg, moment in frames
        if (prediction := stream.push(decode(jpeg), moment)) is not None
    ]
    if detector is not None:
        for prediction in predictions:
            told += detector.push(prediction)
        told += detector.finish()
    return predictions, told


def same(answers, predictions):
    got = [answer.prediction for answer in answers if answer.prediction is not None]
    assert [one.time for one in got] == [one.time for one in predictions]
    assert [one.index for one in got] == [one.index for one in predictions]
    for one, other in zip(got, predictions, strict=True):
        assert one.scores.tobytes() == other.scores.tobytes()


# Times of pictures: at 5 a second, faster, slower, with a gap that begins the stream anew, from
# anywhere, and going back.
TIMES = {
    "as wanted": [number / 5 for number in range(60)],
    "faster": [number / 29.97 for number in range(300)],
    "slower": [number / 2.1 for number in range(20)],
    "gap": [number / 7 + (30 if number > 20 else 0) for number in range(60)],
    "anywhere": [1e9 + number / 11 for number in range(60)],
    "back": [number / 5 - (3 if number > 10 else 0) for number in range(40)],
}


def test_answers_are_those_of_a_stream_alone(engine, model, info, pictures):
    """All at once, on two threads between which they move."""
    options, seats, waiting = stream_options(info, None), [], []
    for times in TIMES.values():
        frames = list(zip(itertools.cycle(pictures), times, strict=False))
        expected, _ = alone(model, info, frames)
        told = Told()
        seats.append(engine.join("model", options, told))
        waiting.append((iter(frames), told, expected))
    homes = [set() for _ in seats]
    begun = [0] * len(seats)
    busy = set(range(len(seats)))
    while busy:
        for number in sorted(busy):
            frames, told, expected = waiting[number]
            if len(told.answers) < begun[number]:
                continue
            homes[number].add(seats[number].home)
            frame = next(frames, None)
            if frame is None:
                busy.discard(number)
                continue
            before = seats[number]._work.frame
            with engine.news:
                seats[number].offer(*frame)
                taken = seats[number]._work.frame is not before
            begun[number] += taken
        if len(seats) > 2 and not begun[0] % 7:
            # As if another had long been waiting for a worker that is busy.
            with engine.news:
                for seat in seats:
                    if not seat.busy and seat.home is not None:
                        seat._stream.move(engine._models[1 - seat.home]["model"])
                        seat.home = 1 - seat.home
    for seat, (_, told, expected) in zip(seats, waiting, strict=True):
        same(told.wait(len(expected)), expected)
        assert seat.dropped == 0
        seat.leave()
    assert set().union(*homes) >= {0, 1}
    assert engine.streams == 0


def test_events(engine, model, info, colours):
    frames = [(colours[number // 15 % 3], number / 5) for number in range(60)]
    _, expected = alone(model, info, frames, EVENTS)
    assert len(expected) >= 4
    told = Told()
    seat = engine.join("model", stream_options(info, EVENTS), told)
    for number, frame in enumerate(frames):
        seat.offer(*frame)
        told.wait(number + 1)
    seat.finish()
    answers = told.wait(len(frames) + 1)
    assert answers[-1].over
    assert [event for answer in answers for event in answer.events] == expected


def test_the_newest_frame_wins(engine, info, pictures):
    told, gate = Told(), threading.Event()

    def hold(answer):
        told(answer)
        gate.wait(10)

    seat = engine.join("model", stream_options(info, None), hold)
    seat.offer(pictures[0], 0)
    told.wait(1)  # and now the worker is busy
    for number in range(1, 20):
        seat.offer(pictures[number], number / 5)
        seat.offer(pictures[number], number / 5 + 0.01)  # not taken: overtakes nothing
    gate.set()
    answers = told.wait(2)
    assert [float(answer.prediction.time) for answer in answers] == [0, 3.8]
    assert answers[-1].dropped == 18


def test_reset(engine, model, info, colours):
    told = Told()
    seat = engine.join("model", stream_options(info, EVENTS), told)
    for number in range(10):
        seat.offer(colours[0], number / 5)
        told.wait(number + 1)
    seat.reset()
    ended = told.wait(11)[-1]
    assert [event.label for event in ended.events] == ["red"]
    assert ended.events[0].end is not None
    frames = [(colours[1], number / 5) for number in range(5)]  # times may begin anew too
    for number, frame in enumerate(frames):
        seat.offer(*frame)
        told.wait(12 + number)
    same(told.answers[11:], alone(model, info, frames, EVENTS)[0])


def test_a_bad_picture_is_its_own_streams_affair(engine, info, pictures):
    good, bad = Told(), Told()
    options = stream_options(info, None)
    seats = engine.join("model", options, good), engine.join("model", options, bad)
    seats[1].offer(b"\xff\xd8 what", 0)
    seats[0].offer(pictures[0], 0)
    (answer,) = bad.wait(1)
    assert answer.over
    assert isinstance(answer.error, SourceError)
    assert good.wait(1)[0].prediction is not None


def test_whose_caller_fails_takes_nobody_along(engine, info, pictures, caplog):
    def fail(answer):
        raise RuntimeError("the caller")

    options, told = stream_options(info, None), Told()
    for _ in range(3):
        engine.join("model", options, fail).offer(pictures[0], 0)
    seat = engine.join("model", options, told)
    seat.offer(pictures[0], 0)
    assert told.wait(1)[0].prediction is not None


def test_none_is_starved(model, info, pictures, monkeypatch):
    """Ten streams, some of which send three times as much; two threads that cannot keep up."""
    with engine_of(model, info, 2) as engine:
        for models in engine._models:
            slow = models["model"].step
            monkeypatch.setattr(
                models["model"], "step", lambda *a, s=slow: (time.sleep(0.005), s(*a))[1]
            )
        told = [Told() for _ in range(10)]
        seats = [engine.join("model", stream_options(info, None), one) for one in told]
        until, number = time.monotonic() + 2, 0
        while time.monotonic() < until:
            for place, seat in enumerate(seats):
                if place < 5 or not number % 3:
                    seat.offer(pictures[0], number / 5)
            number += 1
            time.sleep(0.002)
        counts = [len(one.answers) for one in told]
    assert min(counts) > 5
    assert max(counts) - min(counts) <= max(2, 0.15 * max(counts))


def test_a_slow_core_starves_nobody(model, info, pictures, monkeypatch):
    """Of two threads one gets a core that others use too; all streams always want more."""
    pauses, counts = [0.004, 0.004], [0] * 20
    with engine_of(model, info, 2) as engine:
        for worker, models in enumerate(engine._models):
            step = models["model"].step

            def slow(*a, step=step, worker=worker):
                time.sleep(pauses[worker])
                return step(*a)

            monkeypatch.setattr(models["model"], "step", slow)

        def join(number):
            def tell(answer):
                counts[number] += 1
                seat.offer(pictures[0], None)

            seat = engine.join("model", stream_options(info, None), tell)
            seat.offer(pictures[0], None)

        for number in range(len(counts)):
            join(number)
        time.sleep(0.5)
        pauses[1] = 0.008
        before = list(counts)
        time.sleep(4)
        got = [now - then for now, then in zip(counts, before, strict=True)]
    assert min(got) > 20
    assert max(got) / min(got) <= 1.2


def test_coming_and_going(engine, info, pictures):
    options, over = stream_options(info, None), time.monotonic() + 2

    def client(seed):
        random = np.random.default_rng(seed)
        while time.monotonic() < over:
            told = Told()
            seat = engine.join("model", options, told)
            for number in range(random.integers(1, 6)):
                seat.offer(pictures[number], number / 5)
                if random.random() < 0.5:
                    told.wait(1)
            seat.leave()
            after = len(told.answers)
            time.sleep(0.01)
            assert len(told.answers) <= after + 1  # the one that was being told

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engine.streams == 0
    assert not engine._waiting


def test_the_end_is_told(model, info):
    told = Told()
    engine = engine_of(model, info, 1)
    seat = engine.join("model", stream_options(info, None), told)
    engine.close()
    assert told.wait(1)[0].over
    assert seat.closed
    with pytest.raises(UsageError, match="closed"):
        engine.join("model", stream_options(info, None), told)


def test_what_makes_no_sense(engine, info, pictures):
    with pytest.raises(UsageError, match="unknown model 'other': there are model"):
        engine.join("other", stream_options(info, None), print)
    seat = engine.join("model", stream_options(info, None), print)
    with pytest.raises(UsageError, match="finite"):
        seat.offer(pictures[0], float("nan"))


def test_upright(pictures):
    """The same picture as a camera's, turned as its header says."""
    import av

    picture = av.CodecContext.create("mjpeg", "r").decode(av.Packet(pictures[0]))[0]
    expected = upright_image(picture, orientation_of(picture))
    assert (JpegDecoder(4096)(pictures[0]) == expected).all()
