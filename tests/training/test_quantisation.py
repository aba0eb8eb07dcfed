"""The roundings of an int8 file while a network is trained."""

from __future__ import annotations

import copy
import dataclasses
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name

from kit.networks import small
from movinet.errors import ModelError
from movinet.export.calibration import as_image, calibrate
from movinet.export.clips import made_up_clip
from movinet.export.evaluator import Evaluator
from movinet.export.lowering import lower_step
from movinet.export.precision import round_weights
from movinet.export.quantise import integer_values, layers_of
from movinet.export.sensitivity import Simulation
from movinet.network.fusing import fold
from movinet.training import train
from movinet.training.quantisation import Roundings, rounded_weights
from movinet.training.recipes import RECIPES
from movinet.training.trainer import Trainer
from training.test_training import KillAfter, Killed, same


@pytest.fixture
def pictures():
    """Eight clips of 45x38 pixels, `[8, 6, 45, 38, 3]` uint8, all different."""
    random = np.random.default_rng(3)
    base = made_up_clip((45, 38), 6).astype(int)
    made = [base // (1 + number % 3) + random.integers(0, 60) for number in range(8)]
    return np.clip(made, 0, 255).astype(np.uint8)


def batch(clips):
    """`[B, 3, T, H, W]` in 0..1."""
    return torch.from_numpy(clips).permute(0, 4, 1, 2, 3).float() / 255


def simulation(net, clips) -> Simulation:
    """The exporter's own, with all layers in 8 bits."""
    layers = layers_of(lower_step(net, windows=True))
    graph = lower_step(net, windows=True, plain=layers)
    simulated = Simulation(graph, calibrate(graph, list(clips)))
    simulated.quantise(layers)
    return simulated


@torch.no_grad()
def last_logits(evaluator: Evaluator, clips):
    """`[clips, classes]` after the last frame of each."""
    rows = []
    for clip in clips:
        state = evaluator.empty_state()
        for frame in clip:
            values, state = evaluator.step(as_image(frame), state)
        rows.append(values["logits"][0])
    return torch.stack(rows)


@pytest.mark.parametrize("form", ["lite", "stream"])
def test_weights_are_rounded_as_the_file_rounds_them(form):
    net = small(form)
    weights = net.state_dict()
    rounded = rounded_weights(net)
    ours = fold({**weights, **{name: tensor.detach() for name, tensor in rounded.items()}})
    exact = fold(weights)
    matrices = {name for name, tensor in exact.items() if tensor.dim() > 1} - {"stem.conv.weight"}
    assert rounded.keys() == matrices
    for name in matrices:
        numbers, how = round_weights(exact[name].numpy(), 0)
        scales = np.array(how.scale).reshape(-1, *[1] * (numbers.ndim - 1))
        # Where a number lies in the middle of a step, the last bit of its factor decides.
        steps = np.abs(ours[name].numpy() / scales - numbers)
        assert (steps > 1e-3).mean() < 1e-3, name
        assert steps.max() < 1.001, name


@pytest.mark.parametrize("form", ["lite", "stream"])
def test_pictures_are_rounded_where_the_file_rounds_them(form, pictures):
    """But for the gates, and for what is only moved about there."""
    net = small(form)
    layers = layers_of(lower_step(net, windows=True))
    graph = lower_step(net, windows=True, plain=layers)
    moved = re.compile("state_|.*/(gate|row|window|kept)$")
    files = {name for name in integer_values(graph, layers) if not moved.match(name)}
    roundings = Roundings()
    with torch.no_grad():
        roundings(net, batch(pictures))
    ours = {
        re.sub(r"blocks/(\d)/", r"block\1_layer", name.replace(".", "/")).replace("norm", "linear")
        for name in roundings.ranges
    }
    # The stem is in float, and read as integers.
    assert ours == {name.replace("/seen", "") for name in files} | {"stem"}


@pytest.mark.parametrize("form", ["lite", "stream"])
def test_answers_are_off_as_those_of_the_file_are(form, pictures):
    net = small(form)
    with torch.no_grad():
        exact = net(batch(pictures))
        ours = Roundings()(net, batch(pictures)) - exact
    files = last_logits(simulation(net, pictures), pictures) - exact
    assert 0.7 < float(ours.norm() / files.norm()) < 1.5
    assert float(torch.corrcoef(torch.stack([ours.flatten(), files.flatten()]))[0, 1]) > 0.7


def test_the_network_stays_what_it_was(pictures):
    net = small("stream").train()
    before = copy.deepcopy(net.state_dict())
    names = [name for name, _ in net.named_modules()]
    Roundings()(net, batch(pictures)).sum().backward()
    assert [name for name, _ in net.named_modules()] == names
    assert not any(module._forward_hooks for module in net.modules())
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.equal(parameter, before[name]), name
    # In training batch norm's statistics go on, as without roundings.
    mean = "stem.norm.running_mean"
    assert not torch.equal(net.state_dict()[mean], before[mean])


def test_ranges_are_an_average_and_follow():
    net = small("lite")
    roundings = Roundings()
    with torch.no_grad():
        roundings(net, torch.zeros(1, 3, 2, 45, 38))
        dark = roundings.ranges["stem"]
        for _ in range(60):
            roundings(net, torch.ones(1, 3, 2, 45, 38))
    bright = Roundings()
    with torch.no_grad():
        bright(net, torch.ones(1, 3, 2, 45, 38))
    assert dark != bright.ranges["stem"]
    assert roundings.ranges["stem"] == pytest.approx(bright.ranges["stem"], rel=0.05)


def test_weights_learn_to_live_with_8_bits(pictures):
    """Without the roundings there would be nothing to learn: in float the answers are right."""
    net = small("lite", dropout=0.0, drop_path=0.0)
    make_hard(net)
    with torch.no_grad():
        wanted = net(batch(pictures))

    def error() -> float:
        said = last_logits(simulation(net, pictures), pictures)
        return float((said - wanted).pow(2).mean().sqrt() / wanted.std())

    before = error()
    roundings = Roundings()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0)
    for _ in range(20):
        F.mse_loss(roundings(net, batch(pictures)), wanted).backward()
        optimiser.step()
        optimiser.zero_grad()
    assert before > 0.5
    assert error() < 0.5 * before


@torch.no_grad()
def make_hard(net) -> None:
    """In each layer make one channel small and its weights large: the others get few steps."""
    for block in net.blocks:
        for layer in block:
            norm = (layer.temporal or layer.depthwise).norm
            norm.weight[0] /= 100
            norm.bias[0] /= 100
            layer.project.conv.weight[:, 0] *= 100


def test_a_killed_run_keeps_its_ranges(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("movinet.training.run._CHECKPOINT_SECONDS", 0)
    wanted = settings(epochs=2, batch=2, quantised=0.5)
    cache = tmp_path / "cache"

    def go(name, watcher=None):
        net = small("lite", size=(40, 40))
        return train(net, wanted, tmp_path / name, cache=cache, watcher=watcher)

    whole = go("whole")
    # Before the roundings, and in the midst of them.
    for batches in (3, 4):
        with pytest.raises(Killed):
            go("killed", KillAfter(batches=batches))
    assert go("killed").epochs == whole.epochs
    same(tmp_path / "whole", tmp_path / "killed")


def test_only_the_last_epochs_round(settings, tmp_path, monkeypatch):
    rounded = []

    class Told(Roundings):
        def __call__(self, net, clips):
            assert not torch.is_autocast_enabled("cpu")
            rounded.append(clips.shape[0])
            return super().__call__(net, clips)

    monkeypatch.setattr("movinet.training.trainer.Roundings", Told)
    monkeypatch.setattr(Trainer, "accuracy", lambda trainer, net=None: 0.9 - 0.1 * trainer.done)
    wanted = settings(epochs=3, quantised=1 / 3, mixed_precision=True, patience=9)
    trained = train(small("lite", size=(40, 40)), wanted, tmp_path / "r", cache=tmp_path / "c")
    assert rounded == [4, 4]  # one epoch of eight clips
    # What was best before, without roundings, is not a best any more.
    assert [epoch.kept for epoch in trained.epochs] == [True, False, True]


@pytest.mark.parametrize(
    ("epochs", "part", "first"), [(12, 1 / 3, 8), (20, 1 / 3, 13), (1, 1 / 3, 0), (3, 0.0, 3)]
)
def test_which_epochs_round(epochs, part, first):
    recipe = dataclasses.replace(RECIPES["finetune"], epochs=epochs, quantised=part)
    assert [recipe.rounds(epoch) for epoch in range(epochs)] == [
        epoch >= first for epoch in range(epochs)
    ]


def test_a_loss_that_is_no_number_is_said(settings, tmp_path):
    wanted = settings(rate=1e30, epochs=9, quantised=1.0)
    with pytest.raises(ModelError, match="the loss is not a number in epoch"):
        train(small("lite", size=(40, 40)), wanted, tmp_path / "r", cache=tmp_path / "c")
