"""The WebSocket from outside: what is said, what is refused, and what nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time

import pytest
import websockets

from kit.server import Server
from kit.tiny_model import TinyModel
from movinet.runtime import open_model
from movinet.stream import Classifier, EventOptions
from movinet.web.jpeg import JpegDecoder
from movinet.web.messages import stream_options

pytestmark = pytest.mark.timeout(60)
EVENTS = {"on": 0.34, "off": 0.34, "minimum": 0.02, "join": 0.5, "memory": 1}


def ask(client, frames):
    """Show pictures, each when the one before has been answered; gives all that is said."""
    said = []
    for jpeg, moment in frames:
        client.show(jpeg, moment)
        while True:
            said.append(client.hear())
            if said[-1]["type"] != "event" and said[-1]["time"] == round(moment, 6):
                break
    return said


def closed(client) -> tuple[int, list[dict]]:
    """The code with which it was closed, and what was said before."""
    said = client.rest()
    return client.code, said


# -- as it should be --------------------------------------------------------------------------


def test_a_conversation(server, model, info, pictures):
    with server.connect() as client:
        assert client.start(model="model", top=2, events=None) == {
            "type": "ready",
            "model": "model",
            "fps": 5.0,
            "size": [8, 4],
            "horizon": 50,
        }
        frames = [(jpeg, 100 + number / 5) for number, jpeg in enumerate(pictures)]
        said = ask(client, frames)
        client.say("stop")
        assert closed(client) == (1000, [])
    stream = Classifier(open_model(model, info=info), stream_options(info, None)).stream()
    decode = JpegDecoder(4096)
    for number, ((jpeg, moment), record) in enumerate(zip(frames, said, strict=True)):
        prediction = stream.push(decode(jpeg), moment)
        assert record == {
            "type": "prediction",
            "time": round(moment, 6),
            "index": number,
            "memory": number + 1,
            "top": [
                {"label": one.label, "index": one.index, "score": round(one.score, 6)}
                for one in prediction.top(2)
            ],
            "dropped": 0,
        }


def test_what_has_a_default(server, pictures):
    with server.connect() as client:
        assert client.start()["model"] == "model"
        (answer,) = ask(client, [(pictures[0], 0)])
        assert len(answer["top"]) == 3


def test_frames_that_are_too_many_are_not_answered(server, pictures):
    with server.connect() as client:
        client.start()
        for number in range(31):
            client.show(pictures[0], number / 30)
            time.sleep(0.01)
        client.say("stop")
        code, said = closed(client)
    assert code == 1000
    dropped = said[-1]["dropped"]
    assert len(said) + dropped == 6
    times = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert [record["time"] for record in said][-1] == 1.0
    assert {record["time"] for record in said} <= set(times)


def test_events(server, model, info, colours):
    frames = [(colours[number // 15 % 3], number / 5) for number in range(45)]
    options = stream_options(info, EventOptions(**EVENTS))
    classifier = Classifier(open_model(model, info=info), options)
    stream, detector, decode = classifier.stream(), classifier.detector(), JpegDecoder(4096)
    expected = [e for j, t in frames for e in detector.push(stream.push(decode(j), t))]
    expected += detector.finish()
    with server.connect() as client:
        assert client.start(events=EVENTS)["horizon"] == 5
        said = ask(client, frames)
        client.say("stop")
        code, rest = closed(client)
    told = [record for record in said + rest if record["type"] == "event"]
    assert code == 1000
    assert [(record["event"], record["label"]) for record in told] == [
        ("begin" if event.end is None else "end", event.label) for event in expected
    ]
    assert rest[-1] == {
        "type": "event",
        "event": "end",
        "label": expected[-1].label,
        "index": expected[-1].index,
        "start": round(float(expected[-1].start), 6),
        "end": round(float(expected[-1].end), 6),
        "peak": round(expected[-1].peak, 6),
    }


def test_reset(server, pictures):
    with server.connect() as client:
        client.start()
        first = ask(client, [(jpeg, number / 5) for number, jpeg in enumerate(pictures[:5])])
        client.say("reset")
        assert ask(client, [(p, n / 5) for n, p in enumerate(pictures[:5])]) == first


# -- as it should not be ----------------------------------------------------------------------


def binary(data: bytes):
    return lambda client: (client.start(), client.socket.send(data))


def words(text: str):
    return lambda client: client.socket.send(text)


def later(text: str):
    return lambda client: (client.start(), client.socket.send(text))


def begin(**more):
    return lambda client: client.say("start", **more)


@pytest.mark.parametrize(
    ("do", "code", "said"),
    [
        (lambda client: client.show(b"", 0), 1008, "the first message must be"),
        (lambda client: client.say("stop"), 1008, "the first message must be"),
        (words("hello"), 1008, "a message must be JSON"),
        (words("[" * 60_000), 1008, "a message must be JSON"),
        (words("[1]"), 1008, 'an object with a "type"'),
        (words('{"type": 7}'), 1008, 'an object with a "type"'),
        (begin(model="other"), 1008, "unknown model 'other': there are model"),
        (begin(model=["a"]), 1008, '"model" must be a name'),
        (begin(top=0), 1008, '"top" must be a number from 1'),
        (begin(top="5"), 1008, '"top" must be a number from 1'),
        (begin(events=5), 1008, '"events" must be an object'),
        (begin(events={"often": 1}), 1008, "unknown 'often' in \"events\""),
        (begin(events={"on": "high"}), 1008, '"on" must be a number'),
        (begin(events={"on": 2}), 1008, "on must be above 0"),
        (begin(events={"on": float("nan")}), 1008, "of reasonable size"),
        (begin(events={"memory": 1e400}), 1008, "of reasonable size"),
        (begin(events={"background": ["dog"]}), 1008, "no label 'dog' for the background"),
        (begin(events={"background": "red"}), 1008, "must be a list of labels"),
        (later('{"type": "start"}'), 1008, '"start" makes no sense here'),
        (later('{"type": "sing"}'), 1008, '"sing" makes no sense here'),
        (binary(b"short"), 1008, "8 bytes, float64"),
        (binary(struct.pack("<d", float("inf")) + b"x"), 1008, "must be seconds"),
        (binary(struct.pack("<d", 1e300) + b"x"), 1008, "must be seconds"),
        (binary(bytes(8)), 1003, "this is no JPEG"),
        (binary(bytes(8) + b"\x89PNG and so on"), 1003, "this is no JPEG"),
        (binary(bytes(8) + b"\xff\xd8\xff\xe0"), 1003, "cut off"),
        (binary(bytes(100_001)), 1009, "a message has 100001 bytes: at most 100000"),
        (words("x" * 150_000), 1009, "a message has 150000 bytes"),
    ],
)
def test_what_is_wrong_is_said(server, do, code, said):
    with server.connect() as client:
        do(client)
        answers = client.rest()
    assert answers[-1]["type"] == "error"
    assert said in answers[-1]["message"]
    assert "\n" not in answers[-1]["message"]
    assert client.code == code


def test_a_picture_that_claims_to_be_huge(server, pictures):
    data = pictures[0]
    place = data.index(b"\xff\xc0") + 5
    huge = data[:place] + b"\xff\xff\xff\xff" + data[place + 4 :]
    before = server.memory()
    with server.connect() as client:
        client.start()
        client.show(huge, 0)
        code, said = closed(client)
    assert code == 1009
    assert "65535x65535 pixels is too large: at most 1000x1000" in said[-1]["message"]
    assert server.memory() - before < 5 << 20


def test_a_message_far_too_large(server):
    with server.connect() as client:
        client.start()
        with contextlib.suppress(websockets.ConnectionClosed):
            client.socket.send(bytes(10_000_000))
        assert closed(client)[0] in (1009, 1006)  # it may be cut off while it still sends


def test_silence(server, pictures):
    begun = time.monotonic()
    with server.connect() as silent, server.connect() as idle:
        idle.start()
        code, said = closed(silent)
        assert (code, said[-1]["message"]) == (1008, "no first message for 1.5 seconds")
        code, said = closed(idle)
        assert (code, said[-1]["message"]) == (1008, "no message for 3 seconds")
    assert 2.5 < time.monotonic() - begun < 6


def test_a_page_of_another_site(server):
    with pytest.raises(websockets.exceptions.InvalidStatus, match="403"):
        server.connect(origin="https://evil.example")
    with server.connect(origin=f"http://127.0.0.1:{server.port}") as client:
        assert client.start()["type"] == "ready"


# -- many, and those who leave without a word -------------------------------------------------


async def stream(server, pictures, seconds, gate=None):
    """One client; gives what it was told, and its code."""
    said = []
    address = f"ws://127.0.0.1:{server.port}/v1/stream"
    async with websockets.connect(address, compression=None, open_timeout=30) as client:
        try:
            with contextlib.suppress(websockets.ConnectionClosed):  # what was said is still there
                await client.send('{"type": "start"}')
            said.append(json.loads(await client.recv()))
            if gate is not None:
                await gate()
            for number in range(round(seconds * 5)):
                await client.send(struct.pack("<d", number / 5) + pictures[number % 20])
                said.append(json.loads(await client.recv()))
            await client.send('{"type": "stop"}')
            said += [json.loads(message) async for message in client]
        except websockets.ConnectionClosed:
            pass
        return said, client.close_code


@pytest.fixture(scope="module")
def patient(model):
    with Server(model, model.parent / "labels.txt") as server:
        yield server


def test_two_hundred_at_once(patient, pictures):
    """A hundred are served, and a hundred are told to come again."""

    async def run():
        over = asyncio.Event()
        count = 0

        async def gate():
            nonlocal count
            count += 1
            if count == 100:
                over.set()
            await over.wait()

        clients = (stream(patient, pictures, 1, gate) for _ in range(200))
        return await asyncio.gather(*clients)

    outcomes = asyncio.run(run())
    codes = [code for _, code in outcomes]
    assert codes.count(1000) == 100
    assert codes.count(1013) == 100
    for said, code in outcomes:
        if code == 1013:
            assert said == [
                {"type": "error", "message": "there are too many connections: try again later"}
            ]
        else:
            assert [record["type"] for record in said] == ["ready", *["prediction"] * 5]
    # All of it was alike, so all were told the same.
    tops = {json.dumps([r.get("top") for r in said]) for said, code in outcomes if code == 1000}
    assert len(tops) == 1
    assert asyncio.run(stream(patient, pictures, 1))[1] == 1000


def gone(server, seconds=8) -> bool:
    until = time.monotonic() + seconds
    while server.streams() and time.monotonic() < until:
        time.sleep(0.1)
    return server.streams() == 0


def test_who_vanishes_is_forgotten(patient, pictures):
    clients = [patient.connect() for _ in range(20)]
    for client in clients:
        client.start()
        client.show(pictures[0], 0)
    assert patient.streams() == 20
    for client in clients:
        client.socket.socket.close()  # without a word
    assert gone(patient)
    for client in clients:
        client.socket.close()


def test_who_never_reads_is_sent_away(tmp_path, pictures):
    """Its answers do not pile up, and others are answered meanwhile."""
    # Many classes make long answers, which soon fill what the system keeps for a connection.
    with (
        Server(TinyModel(classes=900).write(tmp_path / "model.tflite"), unsent=16) as server,
        server.connect() as other,
    ):
        other.start(top=1)
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(20)
        deaf.connect(("127.0.0.1", server.port))
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        head = f"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
        deaf.sendall(b"GET /v1/stream HTTP/1.1\r\n" + head.encode())
        deaf.recv(10)
        start = b'{"type":"start","top":1000}'
        deaf.sendall(bytes([0x81, 0x80 | len(start)]) + bytes(4) + start)
        number = 0
        late = []
        until = time.monotonic() + 20
        with pytest.raises(OSError):  # noqa: PT012 (whichever of many is the one that fails)
            while time.monotonic() < until:
                for _ in range(20):
                    data = struct.pack("<d", number / 5) + pictures[0]
                    frame = bytes([0x82, 0xFE]) + struct.pack(">H", len(data)) + bytes(4) + data
                    deaf.sendall(frame)
                    number += 1
                begun = time.monotonic()
                ask(other, [(pictures[0], number / 5)])
                late.append(time.monotonic() - begun)
        deaf.close()
        assert number > 100
        assert sorted(late)[len(late) // 2] < 0.2
        assert server.streams() == 1


def test_everything_leaves_memory_where_it_was(patient, pictures):
    def crowd():
        async def run():
            await asyncio.gather(*(stream(patient, pictures, 0.6) for _ in range(40)))

        asyncio.run(run())
        assert gone(patient)

    for _ in range(3):
        crowd()
    files, grown = patient.files(), []
    for _ in range(3):
        before = patient.memory()
        for _ in range(5):
            crowd()
        grown.append(patient.memory() - before)
    # Of 200 each time. What a connection leaves behind is kept in every round (50 KB each: 10 MB);
    # what the allocator keeps comes to an end: 6 to 12 MB of the first round, now and then 22, and
    # less than half a megabyte of the third.
    assert min(grown) < 5 << 20
    assert patient.files() <= files + 2
