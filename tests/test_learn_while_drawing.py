"""What the script that trains on a GPU does to clips, on a CPU."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from movinet.datasets import view
from movinet.network import MoViNet, NetworkConfig, load, save
from movinet.synthetic import LABELS

SCRIPT = Path(__file__).parents[1] / "scripts" / "learn_while_drawing.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("learn_while_drawing", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Lying:
    """Clips that lie there."""

    def __init__(self, script, count: int) -> None:
        shape = (count, script.KEPT, 48, 48, 3)
        self.pictures = torch.randint(256, shape, dtype=torch.uint8)
        self.labels = torch.arange(count)
        self.drawn = count

    def __len__(self) -> int:
        return self.drawn


@pytest.fixture
def gentle(script, monkeypatch) -> ModuleType:
    """Nothing is done to clips but that a window is taken, and left and right exchanged."""
    monkeypatch.setattr(script, "COLOURS", 0.0)
    for name in ("AREA", "RATIO", "SPEED"):
        monkeypatch.setattr(script, name, (1.0, 1.0))
    return script


@pytest.mark.parametrize("size", [48, 32])
def test_a_window_is_what_evaluation_sees_of_it(gentle, size):
    torch.manual_seed(0)
    clips = Lying(gentle, 8)
    windows = gentle.changed(clips, torch.arange(8), size)
    assert windows.shape == (8, 3, gentle.FRAMES, size, size)
    flipped = starts = 0
    for window, clip in zip(windows, clips.pictures.numpy(), strict=True):
        found = [
            (start, mirrored)
            for start in range(gentle.KEPT - gentle.FRAMES + 1)
            for mirrored in (False, True)
            # Bytes are rounded as they are resized there.
            if torch.allclose(
                window.flip(-1) if mirrored else window,
                view(clip, size, gentle.FRAMES, start=start),
                atol=1.01 / 255,
            )
        ]
        assert len(found) == 1
        starts += found[0][0] > 0
        flipped += found[0][1]
    assert 0 < flipped < 8
    assert starts


def test_colours_stay_in_range_and_each_clip_has_its_own(script):
    torch.manual_seed(0)
    clips = Lying(script, 1)
    windows = script.changed(clips, torch.zeros(16, dtype=torch.long), 32)
    assert float(windows.min()) >= 0
    assert float(windows.max()) <= 1
    means = windows.mean((1, 2, 3, 4))
    assert float(means.std()) > 0.02


@pytest.mark.parametrize("label", ["falling down", "squat"])
def test_a_drawn_clip(script, tmp_path, label):
    for seed in range(3):
        clip = script.draw(tmp_path, label, np.random.default_rng(seed))
        assert clip.shape == (script.KEPT, script.DRAWN, script.DRAWN, 3)
        assert clip.dtype == np.uint8
        assert clip.std() > 5


def test_it_learns_from_what_is_drawn(tmp_path):
    net = MoViNet(NetworkConfig.of("a0", "lite"))
    net.replace_classifier(len(LABELS), tuple(sorted(LABELS)))
    save(net, tmp_path / "start.safetensors")
    small = ("--seconds", "2", "--device", "cpu", "--size", "32", "--batch", "2", "--most", "12")
    files = (str(tmp_path / "start.safetensors"), str(tmp_path / "out.safetensors"))
    done = subprocess.run(
        [sys.executable, SCRIPT, *files, *small, "--workers", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")  # nothing is said to be left behind either
    found = load(tmp_path / "out.safetensors")
    assert found.info.size == (32, 32)
    assert found.info.labels == net.info.labels
    for name, before in net.state_dict().items():
        after = found.state_dict()[name]
        assert torch.isfinite(after).all()
        assert name == "head.classifier.bias" or not torch.equal(after, before), name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("other.safetensors", "x"), "does not know the drawn actions"),
        (("none.safetensors", "x"), "No such file"),
        (("other.safetensors", "none/x"), "none/x: "),
        (("other.safetensors", "x", "--workers", "0"), "--workers: 0 is not 1 or more"),
    ],
)
def test_what_is_refused_in_one_line(tmp_path, arguments, said):
    save(MoViNet(NetworkConfig.of("a0", "lite")), tmp_path / "other.safetensors")
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments, "--device", "cpu"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
