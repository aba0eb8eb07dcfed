from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kit.marks import full_disk
from movinet.errors import OutputError
from movinet.outputs.modelinfo import print_info
from movinet.outputs.table import Table


def test_a_video_in_a_file_or_pipe(capsys, summary):
    with Table() as out:
        out.summary("my [clip].mp4", summary, summary.top(3))
    assert capsys.readouterr().out.splitlines() == [
        "my [clip].mp4  2.5 s, 10 frames",
        f"  =1+1; [red]x[/red]  {'━' * 9}╸{' ' * 14} 0.400",
        # Letters that are two cells wide take the room of two.
        f"  달리기 🏃{' ' * 9}  {'━' * 8}{' ' * 16} 0.333",
        f'  hand, "quoted"      {"━" * 5}{" " * 19} 0.200',
    ]


def test_bars_are_as_long_as_scores(capsys, summary):
    scores = [1.0, 0.5, 1 / 48, 0.0]
    whole = replace(summary, scores=np.float32(scores))
    Table().summary("v", whole, whole.top(4))
    bars = [line[-30:-6] for line in capsys.readouterr().out.splitlines()[1:]]
    assert bars == ["━" * 24, "━" * 12 + " " * 12, "╸" + " " * 23, " " * 24]


def test_what_is_unknown_is_left_out(capsys, summary):
    Table().summary("v", replace(summary, duration=None, frames=1), [])
    assert capsys.readouterr().out == "v  1 frame\n  nothing above the threshold\n"


def test_a_moment(capsys, prediction):
    Table().prediction("v", prediction, prediction.top(2))
    assert capsys.readouterr().out == "     0.33 s  =1+1; [red]x[/red] 0.400   달리기 🏃 0.300\n"


def test_errors_are_left_to_stderr(capsys):
    with Table() as out:
        out.error("v", "cannot read v: no such file")
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_on_a_terminal(monkeypatch, summary, prediction):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with Table() as out:
        out.summary("a [bold]long[/bold] name " * 5 + "\udce9", summary, summary.top(1))
        out.prediction("v", prediction, prediction.top(1))
    shown = terminal.getvalue()
    assert "\x1b[" in shown  # colours
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    # Neither is a name cut, nor is anything in it taken for markup.
    assert plain[0] == "a [bold]long[/bold] name " * 5 + "\\udce9  2.5 s, 10 frames"
    assert plain[1].startswith("  =1+1; [red]x[/red]  ━")
    assert plain[2].endswith("=1+1; [red]x[/red] 0.400")
    assert len(plain) == 3


@full_disk
def test_a_full_disk(monkeypatch, summary):
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115
    monkeypatch.setattr(sys, "stdout", full)
    with pytest.raises(OutputError, match=r"^cannot write standard output: No space left"):
        Table().summary("v", summary, summary.top(1))
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_letters_that_the_code_page_does_not_know(monkeypatch, summary):
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, "cp1252", newline=""))
    Table().summary("café.mp4", summary, summary.top(1))
    lines = held.getvalue().decode("cp1252").splitlines()
    assert lines[0] == "café.mp4  2.5 s, 10 frames"
    assert lines[1].count("\\u2501") == 9


# -- what a model says of itself ----------------------------------------------


def test_the_contract_of_a_model(capsys, info, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    info = replace(info, temperature=2.0, background="walking", licence="MIT")
    print_info(replace(info, accuracy={"top-1": 72.25}))
    shown = {
        line.split("  ")[0]: line.split("  ", 1)[1].strip()
        for line in capsys.readouterr().out.splitlines()
    }
    assert shown["network"] == "unknown variant, form lite, float32"
    assert shown["input"] == "image [1, 1, 8, 4, 3] float32, RGB, 0 to 1, resize stretch"
    assert shown["output"] == "logits [1, 4] float32, temperature 2, softmax gives scores"
    assert shown["labels"] == 'walking, hand, "quoted", 달리기 🏃, ...'
    assert shown["background"] == "walking"
    assert shown["horizon"] == "50 frames (10 s)"
    assert shown["states"].startswith("3 carried, 40 bytes a stream; 2 more pass through")
    assert shown["licence"] == "MIT"
    assert shown["source"] == "not said"
    assert shown["accuracy"] == "top-1 72.25"
    assert shown["read from"] == "signature"


def test_a_model_without_labels_says_what_to_do(capsys, info, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    print_info(replace(info, labels=None))
    assert "4 (no labels inside: give a label file with --labels)" in capsys.readouterr().out
