"""Events as WebVTT and SubRip."""

from __future__ import annotations

from fractions import Fraction

import pytest

from movinet.errors import OutputError, UsageError
from movinet.outputs.subtitles import write_subtitles
from movinet.outputs.track import Track
from movinet.stream import Event


def written(info, tmp_path, events, ending):
    track = Track("a.mp4", info)
    for event in events:
        track.event(event)
    path = tmp_path / f"a.actions{ending}"
    write_subtitles(track, path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    return path.read_bytes().decode()


def event(label, start, end, peak=0.5):
    return Event(label, 0, Fraction(start), Fraction(end), peak)


# In the order of the ends, as events come.
EVENTS = [event("달리기 🏃", "4/3", 3, 0.987), event("walking", 1, "7.25", 0.5)]


def test_webvtt(info, tmp_path):
    assert written(info, tmp_path, EVENTS, ".vtt") == (
        "WEBVTT\n\n"
        "00:00:01.000 --> 00:00:07.250\nwalking 50 %\n\n"
        "00:00:01.333 --> 00:00:03.000\n달리기 🏃 99 %\n"
    )


def test_subrip(info, tmp_path):
    assert written(info, tmp_path, EVENTS, ".SRT") == (
        "1\n00:00:01,000 --> 00:00:07,250\nwalking 50 %\n\n"
        "2\n00:00:01,333 --> 00:00:03,000\n달리기 🏃 99 %\n"
    )


def test_labels_that_would_end_a_cue_or_begin_a_tag(info, tmp_path):
    label = "a\n\n<b>&amp; 1 --> 2\r\x00"
    text = written(info, tmp_path, [event(label, 0, 1)], ".vtt")
    assert text.splitlines()[3] == "a &lt;b&gt;&amp;amp; 1 --&gt; 2 \ufffd 50 %"
    assert text.count("-->") == 1
    (tmp_path / "a.actions.vtt").unlink()
    lines = written(info, tmp_path, [event(label, 0, 1)], ".srt").splitlines()
    assert len(lines) == 3
    assert "1 → 2" in lines[2]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (5, 5, "00:00:05.000 --> 00:00:05.001"),
        ("5.0001", "5.0002", "00:00:05.000 --> 00:00:05.001"),
        (-1, 1, "00:00:00.000 --> 00:00:01.000"),
        (59, "59.9996", "00:00:59.000 --> 00:01:00.000"),
        (3600 * 100 + 62, 3600 * 1000, "100:01:02.000 --> 1000:00:00.000"),
    ],
)
def test_times(info, tmp_path, start, end, expected):
    assert written(info, tmp_path, [event("x", start, end)], ".vtt").splitlines()[2] == expected


def test_no_events(info, tmp_path):
    assert written(info, tmp_path, [], ".vtt") == "WEBVTT\n"
    (tmp_path / "a.actions.vtt").unlink()
    assert written(info, tmp_path, [], ".srt") == ""


def test_what_cannot_be_written(info, tmp_path):
    track = Track("a.mp4", info)
    with pytest.raises(UsageError, match=r"a\.txt: subtitles end in \.vtt or \.srt$"):
        write_subtitles(track, tmp_path / "a.txt")
    with pytest.raises(OutputError, match="there is no folder"):
        write_subtitles(track, tmp_path / "none" / "a.vtt")
    (tmp_path / "b.vtt").mkdir()
    with pytest.raises(UsageError, match="it is a folder"):
        write_subtitles(track, tmp_path / "b.vtt")
