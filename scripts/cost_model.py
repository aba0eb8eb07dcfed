"""What a thousand cameras or ten million hours of video take: `docs/scale.md`, as formulas.

Without options it prints the tables of that page from the constants below. `--measure` measures
these on the machine that it runs on and prints them beside the stored ones, then whole programs
beside what the formulas say of them. It needs the tests' and the benchmarks' folders.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from pathlib import Path

MODEL_FPS = 5.0  # frames a second that A0 wants


@dataclass(frozen=True)
class Costs:
    """What things cost on one machine, in CPU seconds of one core and in bytes.

    Attributes:
        decode_frame, decode_pixel, decode_byte: to decode a frame of H.264: the sum of one for
            itself, one for each of its pixels and one for each of its bytes.
        convert_frame, convert_pixel: to make a decoded frame RGB of the model's size.
        step: of the model, in an engine of one thread with many streams.
        receive_frame: to take a frame from a network camera, over RTSP.
        answer: to tell one, as a line of JSON.
        start: of a process, to the first frame.
        process_bytes: of a process with a model loaded.
        stream_bytes: of each stream in it, with its state and its ring.
        camera_bytes, camera_pixel: of what reads a camera: decoder and pictures, fixed and for
            each pixel of a frame.
        answer_bytes: of a line of JSON.
    """

    decode_frame: float
    decode_pixel: float
    decode_byte: float
    convert_frame: float
    convert_pixel: float
    step: float
    receive_frame: float
    answer: float
    start: float
    process_bytes: float
    stream_bytes: float
    camera_bytes: float
    camera_pixel: float
    answer_bytes: float


# An Intel Xeon with AMX (Sapphire Rapids), a virtual machine with 2 cores and nothing else on it;
# A0 lite int8.
XEON = Costs(
    decode_frame=0.0,
    decode_pixel=0.9e-9,
    decode_byte=96.8e-9,
    convert_frame=0.65e-3,
    convert_pixel=1.27e-9,
    step=1.37e-3,
    receive_frame=0.103e-3,
    answer=0.028e-3,
    start=0.296,
    process_bytes=36.4e6,
    stream_bytes=818e3,
    camera_bytes=7.1e6,
    camera_pixel=20.3,
    answer_bytes=274.0,
)


@dataclass(frozen=True)
class Source:
    """A video or a camera.

    Attributes:
        width, height: pixels.
        fps: frames a second.
        megabits: a second.
        decoded: the part of its frames that must be decoded for the model's; less than 1 where
            there are frames that no other one refers to.
    """

    width: int
    height: int
    fps: float
    megabits: float
    decoded: float = 1.0

    def __str__(self) -> str:
        return f"{self.width}x{self.height}, {self.fps:g} fps, {self.megabits:g} Mbit/s"

    @property
    def pixels(self) -> int:
        """Of a frame."""
        return self.width * self.height

    @property
    def frame_bytes(self) -> float:
        """Of a frame, in the mean."""
        return self.megabits * 1e6 / 8 / self.fps


@dataclass(frozen=True)
class Load:
    """CPU seconds of one core that one second of a source takes."""

    receive: float
    decode: float
    convert: float
    step: float
    answer: float

    @property
    def total(self) -> float:
        """All of it; of a camera that is the part of a core that it needs."""
        return self.receive + self.decode + self.convert + self.step + self.answer

    def without(self, *parts: str) -> float:
        """The total, were these done by something else for nothing."""
        return replace(self, **dict.fromkeys(parts, 0.0)).total


def load(costs: Costs, source: Source, *, live: bool, model_fps: float = MODEL_FPS) -> Load:
    """Of one source. Only live ones are received, and say each answer."""
    taken = min(source.fps, model_fps)
    decode = (
        costs.decode_frame
        + costs.decode_pixel * source.pixels
        + costs.decode_byte * source.frame_bytes
    )
    return Load(
        receive=costs.receive_frame * source.fps if live else 0.0,
        decode=decode * source.fps * source.decoded,
        convert=(costs.convert_frame + costs.convert_pixel * source.pixels) * taken,
        step=costs.step * taken,
        answer=costs.answer * taken if live else 0.0,
    )


@dataclass(frozen=True)
class Machine:
    """What is bought.

    Attributes:
        cores: of the kind that the costs were measured on.
        used: the part of them that cameras may need on average; the rest is for the moments when
            all of them want something.
    """

    cores: int = 32
    used: float = 0.7


@dataclass(frozen=True)
class Cameras:
    """What so many cameras need: cores, machines, bytes of memory, bits a second in and out."""

    cores: float
    machines: int
    memory: float
    bits_in: float
    bits_out: float


def memory(costs: Costs, source: Source, cameras: int, processes: int) -> float:
    """Bytes of so many cameras in so many processes."""
    camera = costs.stream_bytes + costs.camera_bytes + costs.camera_pixel * source.pixels
    return costs.process_bytes * processes + camera * cameras


def cameras(costs: Costs, source: Source, count: int, machine: Machine | None = None) -> Cameras:
    """So many, all alike, in a process for each core and one that starts these."""
    machine = machine or Machine()
    cores = load(costs, source, live=True).total * count
    machines = ceil(cores / (machine.cores * machine.used))
    answers = min(source.fps, MODEL_FPS) * count
    return Cameras(
        cores=cores,
        machines=machines,
        memory=memory(costs, source, count, machines * (machine.cores + 1)),
        bits_in=source.megabits * 1e6 * count,
        bits_out=8 * costs.answer_bytes * answers,
    )


@dataclass(frozen=True)
class Archive:
    """What so many hours need: core hours, days, bytes to read, bits a second meanwhile."""

    core_hours: float
    days: float
    size: float
    bits_in: float


def archive(
    costs: Costs,
    source: Source,
    hours: float,
    machines: int,
    machine: Machine | None = None,
    *,
    stored: Source | None = None,
) -> Archive:
    """All hours of one kind of video, on so many machines of which every core works.

    `stored` is what has to be read, where that is more than what is decoded.
    """
    machine = machine or Machine()
    core_hours = load(costs, source, live=False).total * hours
    days = core_hours / (machine.cores * machines) / 24
    size = (stored or source).megabits * 1e6 / 8 * 3600 * hours
    return Archive(core_hours, days, size, 8 * size / (days * 86400))


def key_frames(source: Source, seconds: float = 2.0, larger: float = 5.0) -> Source:
    """Its key frames alone: one in so many seconds, so many times as large as the mean.

    The model then sees a frame where it was trained to see ten: NOT the same answers.
    """
    bits = 8 * larger * source.frame_bytes
    return replace(source, fps=1 / seconds, megabits=bits / seconds / 1e6, decoded=1.0)


# -- the tables of docs/scale.md -------------------------------------------------------------------

CAMERAS = (
    Source(1920, 1080, 25, 4),
    Source(1280, 720, 25, 2),
    Source(640, 360, 25, 0.8),
    Source(640, 360, 10, 0.4),
    Source(640, 360, 5, 0.25),
)
# As x264 writes files by its defaults, six of ten frames are needed at 5 of 30.
FILES = (
    Source(1920, 1080, 30, 4, decoded=0.61),
    Source(1280, 720, 30, 2, decoded=0.61),
    Source(640, 360, 30, 0.8, decoded=0.61),
    Source(1280, 720, 30, 2),
)
COUNT, HOURS, MACHINES = 1000, 10e6, 10

_MEANT = {
    "decode_frame": "decoding a frame of H.264",
    "decode_pixel": "and each of its pixels",
    "decode_byte": "and each of its bytes",
    "convert_frame": "choosing a frame, making it RGB of 172x172",
    "convert_pixel": "and each of its pixels",
    "step": "the network, in an engine of one thread with 20 streams",
    "receive_frame": "a frame over RTSP, before it is decoded",
    "answer": "an answer to another process and as JSON",
    "start": "`movinet classify`, to its first frame",
    "process_bytes": "memory of a process with a model",
    "stream_bytes": "and each stream: state, ring, buffers",
    "camera_bytes": "and each camera: a reader and its decoder",
    "camera_pixel": "and each pixel of its frames",
    "answer_bytes": "an answer, a line of JSON",
}
_TIMES: dict[str, tuple[float, str]] = {
    "decode_pixel": (1e9, "ns"),
    "decode_byte": (1e9, "ns"),
    "convert_pixel": (1e9, "ns"),
    "start": (1, "s"),
}


def shown(name: str, value: float) -> str:
    """A constant with its unit."""
    if name.endswith("_bytes"):
        return f"{_short(value / 1e3)} kB" if value >= 1e3 else f"{value:.0f} bytes"
    if name == "camera_pixel":
        return f"{_short(value)} bytes"
    scale, unit = _TIMES.get(name, (1e3, "ms"))
    return f"{value * scale:.3g} {unit}"


def _short(value: float) -> str:
    """Three digits, with commas."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    first, *lines = (f"| {' | '.join(line)} |" for line in (head, *rows))
    return "\n".join([first, f"|{'---|' * len(head)}", *lines])


def camera_table(costs: Costs) -> str:
    """What one camera takes of a core."""
    rows = []
    for source in CAMERAS:
        one = load(costs, source, live=True)
        parts = [f"{part:.1%}" for part in (one.receive, one.decode, one.convert, one.step)]
        last = [f"{one.answer:.2%}", f"{one.total:.1%}", f"{1 / one.total:.0f}"]
        rows.append([str(source), *parts, *last])
    head = ["one camera, of a core", "receive", "decode", "convert", "step", "answer", "all"]
    return table([*head, "cameras a core"], rows)


def cameras_table(costs: Costs) -> str:
    """A thousand cameras."""
    rows = []
    for source in CAMERAS:
        plan = cameras(costs, source, COUNT)
        rows.append(
            [
                str(source),
                _short(plan.cores),
                str(plan.machines),
                f"{_short(plan.memory / 1e9)} GB",
                f"{_short(plan.bits_in / 1e9)} Gbit/s",
                f"{_short(plan.bits_out / 1e6)} Mbit/s",
            ]
        )
    head = [f"{COUNT:,} cameras", "cores", "machines of 32", "memory", "network in", "answers out"]
    return table(head, rows)


def archive_table(costs: Costs) -> str:
    """Ten million hours."""
    whole = FILES[-1]
    kinds: list[tuple[str, Source, Source]] = [(str(one), one, one) for one in FILES[:-1]]
    kinds.append((f"{whole}, every frame decoded", whole, whole))
    kinds.append((f"{whole}, key frames only: **other answers**", key_frames(whole), whole))
    rows = []
    for name, source, stored in kinds:
        plan = archive(costs, source, HOURS, MACHINES, stored=stored)
        rows.append(
            [
                name,
                _short(plan.core_hours),
                _short(plan.days),
                f"{_short(plan.size / 1e15)} PB",
                f"{_short(plan.bits_in / 1e9)} Gbit/s",
            ]
        )
    head = [f"{HOURS / 1e6:g} million hours", "core hours", f"days on {MACHINES} machines of 32"]
    return table([*head, "to read", "at that pace"], rows)


def change_table(costs: Costs) -> str:
    """What would be left to the cores if a part were done elsewhere, for nothing."""
    cases: list[tuple[str, tuple[str, ...]]] = [
        ("decoder in hardware", ("decode",)),
        ("and the picture converted there", ("decode", "convert")),
        ("network elsewhere", ("step",)),
        ("decoder and network", ("decode", "step")),
    ]
    kinds: list[tuple[Source, bool]] = [
        (CAMERAS[0], True),
        (CAMERAS[1], True),
        (CAMERAS[3], True),
        (FILES[1], False),
    ]
    rows = []
    for source, live in kinds:
        one = load(costs, source, live=live)
        gains = (f"{one.total / one.without(*parts):.1f}" for _, parts in cases)
        rows.append([f"{source}{'' if live else ', file'}", *gains])
    return table(["times as many for a core, at most", *(name for name, _ in cases)], rows)


TABLES: tuple[Callable[[Costs], str], ...] = (
    camera_table,
    cameras_table,
    archive_table,
    change_table,
)


def constants_table(costs: Costs, measured: Costs | None = None) -> str:
    """The constants, beside those measured now."""
    columns = [costs] if measured is None else [costs, measured]
    rows = []
    for name in (field.name for field in fields(Costs)):
        values = [shown(name, getattr(column, name)) for column in columns]
        rows.append([f"`{name}`", _MEANT[name], *values])
    return table(["constant", "of", "stored", "here"][: 2 + len(columns)], rows)


def updated(page: str, costs: Costs) -> str:
    """A page whose tables, known by their heads, are those of now."""
    for show in (constants_table, *TABLES):
        new = show(costs)
        head = new.partition("\n")[0]
        before, found, after = page.partition(f"{head}\n")
        if not found:
            raise SystemExit(f"the page has no table with the head {head}")
        lines = after.split("\n")
        end = next((n for n, line in enumerate(lines) if not line.startswith("|")), len(lines))
        page = "\n".join([before + new, *lines[end:]])
    return page


def main() -> None:
    """Print the plans, or measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--measure", action="store_true", help="measure the constants here")
    parser.add_argument("--model", help="a file of A0 lite int8; default: it is made, in minutes")
    parser.add_argument("--page", type=Path, help="bring the tables of this page up to date")
    options = parser.parse_args()
    if options.page:
        page = options.page.read_text("utf-8")
        options.page.write_text(updated(page, XEON), "utf-8")
        return
    if options.measure:
        from cost_measure import measure  # beside this file

        measure(XEON, options.model)
        return
    print(constants_table(XEON))
    for show in TABLES:
        print(f"\n{show(XEON)}")


if __name__ == "__main__":
    main()
