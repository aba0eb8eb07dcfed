"""The timeline of a video: which labels, where things lie, and the three kinds of file."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest

from kit import child
from kit.clips import COLOURS, write_colour
from kit.tiny_model import TinyModel
from kit.tracks import track_of
from movinet.errors import OutputError, UsageError
from movinet.models import read_info
from movinet.outputs.courses import courses, reduced
from movinet.outputs.drawing import DARK, LIGHT, Bar, Curve, Photo, Words
from movinet.outputs.plot import pictures_of, write_plot
from movinet.outputs.timeaxis import TimeAxis, clock
from movinet.outputs.timeline import BROAD, NARROW, fitted, span, timeline
from movinet.outputs.track import Track
from movinet.stream import Event, Prediction

HARD = (
    "걷기 또는 달리기",
    "مشي في الشارع",
    "a label that goes on and on, and says what is done with both hands " * 3,
    '<b>fast</b> & "far"\n\x00',
)
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_colour(tmp_path_factory.mktemp("video") / "a.mp4", COLOURS["red"], frames=50)


def of(drawing, kind):
    return [shape for shape in drawing.shapes if isinstance(shape, kind)]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Contracts of so many labels."""

    def contract(classes):
        path = TinyModel(classes=classes).write(tmp_path_factory.mktemp("wide") / "m.tflite")
        labels = tuple(f"label {number}" for number in range(classes))
        return replace(read_info(path), labels=labels)

    return contract


# -- which labels -----------------------------------------------------------


def test_labels_of_events_come_before_high_peaks(many):
    wide = many(12)
    # Every class but the last four has its second.
    track = track_of(wide, 40, [(10, 1, 3), (11, 5, 6), (10, 7, 8)])
    shown, others = courses(track)
    assert len(shown) == 6
    assert {"label 10", "label 11"} < {course.label for course in shown}
    assert not others
    (ten,) = [course for course in shown if course.label == "label 10"]
    assert [event.start for event in ten.events] == [1, 7]


def test_more_labels_with_events_than_are_shown(many):
    wide = many(9)
    track = track_of(wide, 40, [(index, 0, 1 + index) for index in range(9)])
    shown, others = courses(track)
    assert {course.label for course in shown} == {f"label {index}" for index in range(3, 9)}
    assert [event.index for event in others] == [0, 1, 2]
    assert "other events" in [words.text for words in of(timeline(track), Words)]


def test_noise_is_not_shown(many):
    wide = many(100)
    track = Track("a.mp4", wide)
    track.prediction(Prediction(Fraction(0), 0, np.full(100, 0.01, np.float32), wide))
    assert len(courses(track)[0]) == 3


def test_of_points_on_one_pixel_the_highest_is_kept():
    places = np.linspace(0, 100, 100_000, dtype=np.float32)
    scores = np.zeros(100_000, np.float32)
    scores[50_321] = 0.9
    across, kept = reduced(places, scores)
    assert len(across) <= 101
    assert kept.max() == np.float32(0.9)
    assert across[kept.argmax()] == pytest.approx(50.32, abs=0.51)
    few = np.array([0, 7], np.float32), np.array([0.5, 1], np.float32)
    assert reduced(*few) == few


# -- where things lie -------------------------------------------------------


def test_bars_lie_at_their_times_and_curves_at_their_scores(info):
    track = track_of(info, 50, [(0, 2, 4)])
    drawing = timeline(track)
    left, right = drawing.across
    assert drawing.seconds == (0, 10)
    (bar,) = [bar for bar in of(drawing, Bar) if bar.hint]
    assert bar.hint == "walking 0:02.0 – 0:04.0, peak 90 %"
    assert bar.x == pytest.approx(left + 0.2 * (right - left))
    assert bar.width == pytest.approx(0.2 * (right - left))
    curves = of(drawing, Curve)
    assert [curve.name for curve in curves] == list(info.labels)
    for curve in curves:
        lowest = curve.floor - (curve.floor - curve.top) * 10 / 13
        assert min(y for _, y in curve.points) == pytest.approx(lowest, abs=0.1)
        assert [curve.points[0][0], curve.points[-1][0]] == [left, right]


@pytest.mark.parametrize("width", [BROAD, NARROW])
@pytest.mark.parametrize("count", [0, 1, 300])
def test_nothing_sticks_out(info, video, width, count):
    hard = replace(info, labels=HARD)
    events = [(index, index / 7, count / 5) for index in range(4)] if count else []
    track = track_of(hard, count, events, video="v" * 400)
    drawing = timeline(track, pictures_of(video, track), width=width)
    for shape in of(drawing, Bar) + of(drawing, Photo):
        assert 0 <= shape.x <= shape.x + shape.width <= width + 0.01
        assert 0 <= shape.y <= shape.y + shape.height <= drawing.height
    for curve in of(drawing, Curve):
        for x, y in curve.points:
            assert 0 <= x <= width
            assert curve.top - 0.01 <= y <= curve.floor + 0.01
    for words in of(drawing, Words):
        assert 0 <= words.x <= width
        assert "\n" not in words.text


def test_texts_lie_beside_bars_that_are_too_narrow(info):
    track = track_of(info, 300, [(0, 1, 2), (0, 58, 60)])
    drawing = timeline(track)
    bars = [bar for bar in of(drawing, Bar) if bar.hint]
    first, last = [words for words in of(drawing, Words) if "–" in words.text]
    assert (first.anchor, last.anchor) == ("start", "end")
    assert first.x > bars[0].x + bars[0].width
    assert last.x < bars[1].x


def test_the_axis():
    axis = TimeAxis(0, 40, 0, 800)
    assert [text for _, text in axis.ticks(90)][:3] == ["0:00", "0:05", "0:10"]
    assert [axis.x(second) for second in (-1, 0, 20, 41)] == [0, 0, 400, 800]
    days = [text for _, text in TimeAxis(0, 10 * 86_400, 0, 300).ticks(90)]
    assert days == ["0:00", "72:00:00", "144:00:00", "216:00:00"]
    short = [text for _, text in TimeAxis(Fraction(0), 0.2, 0, 800).ticks(90)]
    assert short == ["0:00.0", "0:00.1", "0:00.2"]


def test_times_in_words():
    times = [clock(second) for second in (0, 59.96, 62.5, 3600, 360_000)]
    assert times == ["0:00.0", "1:00.0", "1:02.5", "1:00:00.0", "100:00:00.0"]


def test_texts_are_cut_to_their_room():
    assert fitted("short", 100, 13) == "short"
    cut = fitted("long " * 50, 100, 13)
    assert cut.endswith("…")
    assert 5 < len(cut) < 20
    assert fitted("two\nlines", 200, 13) == "two lines"


def test_colours_can_be_told_from_the_paper():
    def light(colour):
        parts = [value / 255 for value in bytes.fromhex(colour[1:])]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return np.dot(linear, (0.2126, 0.7152, 0.0722))

    for colours in (LIGHT, DARK):
        paper = light(colours["paper"])
        for ink in set(colours) - {"paper", "line"}:
            brighter, darker = sorted((light(colours[ink]), paper), reverse=True)
            assert (brighter + 0.05) / (darker + 0.05) >= 4.5, ink


# -- files ------------------------------------------------------------------


def test_an_svg_stands_alone(info, video, tmp_path):
    track = track_of(replace(info, labels=HARD), 50, [(3, 2, 4)])
    assert write_plot(track, tmp_path / "a.svg", pictures_of(video, track)) == ""
    text = (tmp_path / "a.svg").read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.find(f"{_SVG}title").text == "Actions in a.mp4 over time"
    assert '<b>fast</b> & "far" \ufffd 0:02.0 – 0:04.0' in root.find(f"{_SVG}desc").text
    assert len(root.findall(f"{_SVG}image")) == 9
    assert "prefers-color-scheme: dark" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_page_needs_no_other_file(info, video, tmp_path):
    track = track_of(replace(info, labels=HARD), 50, [(3, 2, 4)])
    assert write_plot(track, tmp_path / "a.html", pictures_of(video, track)) == ""
    text = (tmp_path / "a.html").read_text("utf-8")
    assert text.count("<svg") == text.count('role="img"') == 2
    assert "<b>fast" not in text
    assert "http" not in text
    table = text[text.index("<h2>Events") :]
    for cell in ("0:02.0", "0:04.0", "2.0", "90 %"):
        assert f">{cell}</td>" in table
    write_plot(track_of(info, 5), tmp_path / "a.html")
    assert "<p>None.</p>" in (tmp_path / "a.html").read_text("utf-8")


def test_a_png(info, video, tmp_path):
    image = pytest.importorskip("PIL.Image")
    track = track_of(info, 50, [(0, 2, 4)])
    write_plot(track, tmp_path / "a.PNG", pictures_of(video, track))
    drawing = timeline(track, pictures_of(video, track))
    with image.open(tmp_path / "a.PNG") as picture:
        assert picture.size == (2 * (BROAD + 24), 2 * round(drawing.height + 24))
        (bar,) = [bar for bar in of(drawing, Bar) if bar.hint]
        inside = 2 * (bar.x + 12 + 4), 2 * (bar.y + 12 + 8)
        assert picture.getpixel(tuple(map(round, inside))) == (11, 98, 184)
        photo = of(drawing, Photo)[0]
        red, green, blue = picture.getpixel((round(2 * photo.x + 34), round(2 * photo.y + 34)))
        assert red > 150 > 90 > max(green, blue)


def test_letters_that_the_font_lacks(info, tmp_path):
    fonts = pytest.importorskip("PIL.ImageFont")
    own = tmp_path / "own.ttf"
    own.write_bytes(fonts.load_default(20).path.getvalue())
    track = track_of(replace(info, labels=("달리기", "go", "go", "go")), 9)
    assert write_plot(track, tmp_path / "a.png", font=own) == "기달리"
    assert write_plot(track, tmp_path / "a.html", font=own) == ""
    own.write_bytes(b"none")
    with pytest.raises(UsageError, match=r"cannot read the font .*own\.ttf: it is not a font$"):
        write_plot(track, tmp_path / "a.png", font=own)
    with pytest.raises(UsageError, match="no such file"):
        write_plot(track, tmp_path / "a.png", font=tmp_path / "gone.ttf")


def test_hours_are_quick_and_small(many, tmp_path):
    wide = many(600)
    track = Track("day.mp4", wide)
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(600, 0.05), 100).astype(np.float32)
    for number in range(36_000):
        track.prediction(Prediction(Fraction(number, 5), number, rows[number % 100], wide))
    for number in range(3000):
        start = Fraction(number * 2)
        track.event(Event(f"label {number % 9}", number % 9, start, start + 1, 0.9))
    begun = time.perf_counter()
    for ending in (".html", ".svg"):
        write_plot(track, tmp_path / f"a{ending}")
        assert (tmp_path / f"a{ending}").stat().st_size < 1_000_000
    assert time.perf_counter() - begun < 20  # 1.2 s on an idle machine
    assert "And 2500 more" in (tmp_path / "a.html").read_text("utf-8")


def test_pictures_are_spread_over_the_track(info, video, tmp_path):
    track = track_of(info, 25)
    pictures = pictures_of(video, track)
    times = [float(still.time) for still in pictures]
    assert times == pytest.approx([5 * (place + 0.5) / 9 for place in range(9)], abs=0.2)
    assert [still.jpeg[:2] for still in pictures] == [b"\xff\xd8"] * 9
    assert span(track) == (0, 5)
    assert pictures_of("camera:0", track) == []
    assert pictures_of("-", track) == []
    assert pictures_of(tmp_path, track) == []


def test_what_cannot_be_written(info, tmp_path):
    track = track_of(info, 5)
    with pytest.raises(UsageError, match=r"a\.pdf: a plot ends in \.html, \.svg or \.png$"):
        write_plot(track, tmp_path / "a.pdf")
    with pytest.raises(OutputError, match="there is no folder"):
        write_plot(track, tmp_path / "none" / "a.svg")
    assert list(tmp_path.iterdir()) == []


_WITHOUT = """
import sys
sys.modules["PIL"] = None
from movinet.errors import MissingExtraError
from movinet.models.starter import starter_path
from movinet.models import read_info
from movinet.outputs.plot import write_plot
from movinet.outputs.track import Track
track = Track("a.mp4", read_info(starter_path()))
write_plot(track, sys.argv[1] + "/a.svg")
write_plot(track, sys.argv[1] + "/a.html")
try:
    write_plot(track, sys.argv[1] + "/a.png")
except MissingExtraError as error:
    print(error)
"""


def test_without_the_extra(tmp_path):
    said = child.python(_WITHOUT, tmp_path).stdout
    assert said.endswith(b"needs an extra: pip install 'movinet[draw]'\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.svg"]
