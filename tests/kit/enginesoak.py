"""Many streams on one engine, too much for it, or with everything that can go wrong."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kit.growth import Growth
from movinet.errors import MovinetError, UsageError
from movinet.frames import Image
from movinet.runtime import StepModel
from movinet.scale import Answer, Engine, Seat
from movinet.scale.seat import Decode
from movinet.stream import Classifier, EventOptions, StreamOptions
from movinet.stream.classifier import default_options


@dataclass
class Overload:
    """What an engine did that was offered twice what it can do.

    Attributes:
        growth: of the process.
        capacity: frames a second that it answers when there is always one.
        offered, answered, dropped: frames, of each stream.
    """

    growth: Growth
    capacity: float
    offered: list[int]
    answered: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    least: float = 0.0
    most: float = 0.0


def capacity(loads: list[StepModel], picture: Image, *, streams: int, seconds: float) -> float:
    """Frames a second that an engine answers whose streams always have one."""
    options = default_options(loads[0].info)
    with Engine({"": loads}) as engine:
        counts = [0] * streams

        def join(number: int) -> None:
            def tell(answer: Answer) -> None:
                counts[number] += 1
                seat.offer(picture, None)

            seat = engine.join("", options, tell)
            seat.offer(picture, None)

        for number in range(streams):
            join(number)
        time.sleep(seconds / 3)
        before, begun = sum(counts), time.monotonic()
        time.sleep(seconds)
        return (sum(counts) - before) / (time.monotonic() - begun)


def overload(
    loads: list[StepModel], picture: Image, *, streams: int, seconds: float, factor: float = 2.0
) -> Overload:
    """Offer all streams frames at the same rate, `factor` times what can be answered in all."""
    options = default_options(loads[0].info)
    rate = capacity(loads, picture, streams=min(streams, 40), seconds=min(3.0, seconds / 5))
    found = Overload(Growth(seconds), rate, [0] * streams)
    with Engine({"": loads}) as engine:
        seats = [engine.join("", options, lambda answer: None) for _ in range(streams)]
        begun = time.monotonic()
        sent = 0
        while (now := time.monotonic()) - begun < seconds:
            # As many as are due by now, one stream after the other.
            due = int((now - begun) * rate * factor)
            for number in range(sent, due):
                seats[number % streams].offer(picture, None)
                found.offered[number % streams] += 1
            sent = max(sent, due)
            found.growth.look()
            time.sleep(0.005)
        share = engine.share
        found.least, found.most = share.least, share.most
        for seat in seats:
            seat.leave()
    found.answered = [seat.answered for seat in seats]
    found.dropped = [seat.dropped for seat in seats]
    return found


@dataclass
class Faulty:
    """What became of the streams of a run full of faults.

    Attributes:
        growth: of the process.
        streams: how many there were, one after the other.
        faults: how often each kind happened.
        wrong: what should not be; empty.
    """

    growth: Growth
    streams: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class _Client:
    """One stream of somebody who does everything wrong, and the books on it."""

    def __init__(self, engine: Engine, options: StreamOptions, chance: random.Random) -> None:
        self._chance = chance
        self._clock = chance.uniform(0, 1e6)
        self.seat: Seat = engine.join("", options, self._tell)
        self.taken = self.told = 0
        self.over = threading.Event()
        self.error: Exception | None = None

    def _tell(self, answer: Answer) -> None:
        # Whoever hears an answer may be slow, and may fail.
        self.told += answer.prediction is not None
        if answer.over:
            self.error = answer.error
            self.over.set()
        if self._chance.random() < 0.01:
            time.sleep(self._chance.uniform(0, 0.02))

    def act(self, pictures: list[bytes]) -> str:
        """One thing; gives what."""
        chance = self._chance
        kind = chance.choices(
            ("frame", "burst", "forward", "back", "same", "no time", "reset", "broken"),
            (60, 10, 4, 4, 4, 4, 4, 1),
        )[0]
        if kind == "no time":
            try:
                self.seat.offer(pictures[0], chance.choice((float("nan"), float("inf"))))
            except UsageError:
                return kind
            raise AssertionError("a time that is none was taken")
        if kind == "reset":
            self.seat.reset()
            return kind
        self._clock += {"forward": chance.uniform(1, 1e5), "back": -chance.uniform(0.1, 100)}.get(
            kind, 0 if kind == "same" else 0.2
        )
        for _ in range(20 if kind == "burst" else 1):
            data = chance.choice(pictures)
            if kind == "broken":
                cut = chance.randrange(2, len(data))
                data = data[:cut] + chance.randbytes(20)
            self.taken += self.seat.offer(data, self._clock)
            self._clock += 0.2 if kind == "burst" else 0
        return kind


def faults(
    loads: list[StepModel],
    decoder: Callable[[], Decode],
    pictures: list[bytes],
    events: EventOptions,
    *,
    streams: int,
    seconds: float,
    seed: int = 0,
) -> Faulty:
    """Streams that come, go, jump, hang and break at random, for so long.

    What was taken is answered, or dropped and counted, or its stream was told why it is over; and
    in the end the engine says to a good stream what it would say to it alone.
    """
    chance, found = random.Random(seed), Faulty(Growth(seconds))
    info = loads[0].info
    options = StreamOptions(
        info.fps, events.frames(info.fps, info.horizon), info.resize, events=events
    )
    with Engine({"": loads}, decoder=decoder) as engine:
        clients: list[_Client] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            while len(clients) < streams:
                clients.append(_Client(engine, options, random.Random(chance.random())))
                found.streams += 1
            for client in list(clients):
                if client.over.is_set():
                    clients.remove(client)
                    _settle(client, found)
                    continue
                what = client.act(pictures)
                found.faults[what] = found.faults.get(what, 0) + 1
                if chance.random() < 0.002:
                    clients.remove(client)
                    how = chance.choice(("left", "finished"))
                    found.faults[how] = found.faults.get(how, 0) + 1
                    if how == "left":
                        client.seat.leave()
                    else:
                        client.seat.finish()
                        if not client.over.wait(10):
                            found.wrong.append("a stream that was finished was not told its end")
                        _settle(client, found)
            found.growth.look()
            time.sleep(chance.uniform(0, 0.02))
        _check_parity(engine, Classifier(loads[0], options), decoder(), pictures, found)
    return found


def _settle(client: _Client, found: Faulty) -> None:
    """The books of a stream that is over."""
    client.seat.leave()
    if client.error is not None and not isinstance(client.error, MovinetError):
        found.wrong.append(f"a stream ended with {client.error!r}")
    # The frame that broke a stream is answered by the reason.
    lost = client.taken - client.told - client.seat.dropped - (client.error is not None)
    if lost:
        found.wrong.append(f"{lost} of {client.taken} frames were neither answered nor dropped")


def _check_parity(
    engine: Engine,
    classifier: Classifier,
    decoder: Decode,
    pictures: list[bytes],
    found: Faulty,
) -> None:
    alone = classifier.stream()
    answers: list[Answer] = []
    news = threading.Semaphore(0)

    def tell(answer: Answer) -> None:
        answers.append(answer)
        news.release()

    seat = engine.join("", classifier.options, tell)
    for number, picture in enumerate(pictures):
        expected = alone.push(decoder(picture), number / 5)
        seat.offer(picture, number / 5)
        if expected is None:
            continue
        news.acquire(timeout=10)
        said = answers[-1].prediction
        if said is None or said.scores.tobytes() != expected.scores.tobytes():
            found.wrong.append(f"frame {number} of a good stream has other scores than alone")
    seat.leave()
