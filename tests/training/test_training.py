"""Training: it learns, it says what it did, and it can be killed."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

import movinet
from kit.networks import small
from movinet.datasets import Augmentation, Batches
from movinet.errors import ModelError, SourceError, UsageError
from movinet.models import read_info
from movinet.network import load
from movinet.training import train
from movinet.training.checkpoint import read_checkpoint, write_checkpoint
from movinet.training.linear import Features, fit
from movinet.training.recipes import Stage
from movinet.training.trainer import Trainer


class Killed(Exception):  # noqa: N818
    """Instead of kill -9."""


class KillAfter:
    """A watcher that ends the run after so many epochs, or batches of all of them."""

    def __init__(self, epochs: int = 0, *, batches: int = 0) -> None:
        self.epochs, self.batches = epochs, batches
        self._in_epoch = False

    def stage(self, text):
        self._in_epoch = text.startswith("epoch")

    def at(self, done, total):
        self.batches -= self._in_epoch
        if self._in_epoch and not self.batches:
            raise Killed

    def epoch(self, epoch, of):
        self.epochs -= 1
        if not self.epochs:
            raise Killed


def same(one, two) -> None:
    left, right = weights(one), weights(two)
    for name, tensor in left.items():
        torch.testing.assert_close(right[name], tensor, rtol=0, atol=0)


def weights(folder):
    return load(folder / "weights.safetensors").state_dict()


def test_linear_learns_what_the_features_show(net, settings, clips, tmp_path):
    trained = train(net, settings("linear"), tmp_path / "run", cache=tmp_path / "cache")
    assert trained.labels == ("brighter", "darker")
    assert trained.epochs == ()
    assert trained.clips == 8
    assert sorted(clip.label for clip in trained.validation) == ["brighter"] * 2 + ["darker"] * 2
    assert trained.accuracy >= 0.75
    # The backbone is as it was.
    before, after = small("lite", size=(40, 40), seed=2).state_dict(), weights(tmp_path / "run")
    for name, tensor in before.items():
        if not name.startswith("head.classifier"):
            torch.testing.assert_close(after[name], tensor, rtol=0, atol=0)
    info = read_info(trained.exported.path)
    assert info.labels == trained.labels
    assert info.horizon == info.clip_frames == trained.frames == 4
    summary = movinet.load(trained.exported.path).classify(clips / "darker" / "0.mp4")
    assert len(summary.scores) == 2


def test_finetune_says_how_it_went(net, settings, tmp_path):
    run = tmp_path / "run"
    trained = train(net, settings(), run, cache=tmp_path / "cache")
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert all(np.isfinite(line["loss"]) for line in lines)
    assert trained.accuracy == lines[-1]["accuracy"]
    names = {path.name for path in run.iterdir()}
    assert names == {"metrics.jsonl", "model.tflite", "settings.json", "weights.safetensors"}
    said = load(run / "weights.safetensors").info
    assert said.labels == ("brighter", "darker")
    assert said.recipe["recipe"]["name"] == "finetune"
    assert said.clip_frames == 4


def test_the_same_seed_gives_the_same_weights(settings, tmp_path):
    for name in ("one", "two"):
        train(small("lite", size=(40, 40)), settings(), tmp_path / name, cache=tmp_path / "c")
    same(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("recipe", ["finetune", "scratch"])
@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_that_was_killed_ends_like_one_left_alone(recipe, epochs, settings, tmp_path):
    """Dropout and stochastic depth included: chance goes on where it was."""

    def net():
        return small("stream", size=(40, 40))

    whole = train(net(), settings(recipe), tmp_path / "whole", cache=tmp_path / "cache")
    with pytest.raises(Killed):
        train(
            net(),
            settings(recipe),
            tmp_path / "killed",
            cache=tmp_path / "cache",
            watcher=KillAfter(epochs),
        )
    assert (tmp_path / "killed" / "checkpoint.pt").exists()
    torch.manual_seed(99)
    again = train(net(), settings(recipe), tmp_path / "killed", cache=tmp_path / "cache")
    assert again.epochs == whole.epochs
    same(tmp_path / "whole", tmp_path / "killed")


def test_a_run_that_was_killed_twenty_times(settings, tmp_path, monkeypatch):
    """After any batch, before its checkpoint; gradients that wait for their step are kept."""
    monkeypatch.setattr("movinet.training.run._CHECKPOINT_SECONDS", 0)
    wanted = settings("scratch", epochs=8, batch=2, accumulate=3)

    def go_on(folder, watcher=None):
        net = small("stream", size=(40, 40))
        return train(net, wanted, tmp_path / folder, cache=tmp_path / "cache", watcher=watcher)

    whole = go_on("whole")
    chance = np.random.default_rng(3)
    for _ in range(20):
        with pytest.raises(Killed):
            go_on("killed", KillAfter(batches=int(chance.integers(1, 4))))
        torch.manual_seed(99)
    assert go_on("killed").epochs == whole.epochs
    same(tmp_path / "whole", tmp_path / "killed")


def test_several_runs_are_averaged_and_blended_with_the_beginning(settings, tmp_path):
    """Each begins anew with other chance; a run that was killed in the second ends the same."""
    cache = tmp_path / "cache"

    def go(folder, watcher=None, **options):
        wanted = settings("scratch", epochs=2, precision="float32", **options)
        net = small("lite", size=(40, 40))
        return train(net, wanted, tmp_path / folder, cache=cache, watcher=watcher)

    one = go("one")
    two = go("two", runs=2)
    assert two.epochs[:2] == one.epochs
    assert len(two.epochs) == 4
    assert two.epochs[2].loss != two.epochs[0].loss
    go("half", runs=2, blend=0.5)
    torch.manual_seed(0)
    begin = small("lite", size=(40, 40))
    first, mean, half = (weights(tmp_path / name) for name in ("one", "two", "half"))
    for name, tensor in begin.state_dict().items():
        if not name.startswith("head.classifier"):  # that is drawn anew
            torch.testing.assert_close(half[name], (tensor + mean[name]) / 2)
    assert not torch.equal(first["stem.conv.weight"], mean["stem.conv.weight"])
    with pytest.raises(Killed):
        go("killed", KillAfter(3), runs=2, blend=0.5)
    torch.manual_seed(99)
    go("killed", runs=2, blend=0.5)
    same(tmp_path / "half", tmp_path / "killed")


@pytest.mark.parametrize("patience", [0, 2])
def test_what_is_kept(patience, net, settings, tmp_path, monkeypatch):
    """The last; with patience the best, but not that of a stage before."""
    said = iter([0.9, 0.3, 0.6, 0.5, 0.4, 0.3])
    marks = {}

    def accuracy(trainer, net=None):
        """Told in turns for epochs; for what comes out, which of them it was."""
        # Not by the sum of the biases: their gradients add up to nothing, and it hardly changes.
        mark = tuple((net or trainer.average).head.classifier.weight.flatten().tolist())
        if net is None:
            marks[mark] = next(said)
        return marks[mark]

    monkeypatch.setattr(Trainer, "accuracy", accuracy)
    stages = (Stage(part=1 / 6, size=0.8), Stage(part=5 / 6))
    wanted = settings("scratch", epochs=6, stages=stages, patience=patience)
    trained = train(net, wanted, tmp_path / "run", cache=tmp_path / "cache")
    kept = [epoch.kept for epoch in trained.epochs]
    if patience:
        assert kept == [True, True, True, False, False]
        assert trained.accuracy == 0.6
    else:
        assert kept == [True] * 6
        assert trained.accuracy == 0.3


def test_stages_have_their_own_pictures(net, settings, tmp_path, monkeypatch):
    seen = []

    def batches(cached, **options):
        seen.append((options["size"], options["frames"]))
        return Batches(cached, **options)

    monkeypatch.setattr("movinet.training.trainer.Batches", batches)
    stages = (Stage(part=0.5, size=0.8, frames=0.5), Stage(part=0.25, size=0.9), Stage(part=0.25))
    wanted = settings("scratch", epochs=4, stages=stages)
    trained = train(net, wanted, tmp_path / "run", cache=tmp_path / "cache")
    assert seen == [(32, 2), (32, 2), (36, 4), (40, 4)]
    assert all(epoch.kept for epoch in trained.epochs)


@pytest.mark.parametrize(
    "change", [{"optimiser": "rmsprop", "rate": 0.03}, {"mixed_precision": True}]
)
def test_other_ways_to_move_learn_as_well(change, net, settings, tmp_path):
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    wanted = settings("scratch", epochs=6, stages=(Stage(),), **change)
    trained = train(net, wanted, tmp_path / "run", cache=tmp_path / "cache")
    assert trained.epochs[-1].loss < trained.epochs[0].loss
    after = weights(tmp_path / "run")
    assert not torch.equal(after["stem.conv.weight"], before["stem.conv.weight"])


def test_two_batches_of_half_the_clips_make_one_step(settings, tmp_path):
    """Without batch norm's statistics, dropout and chance, accumulation changes nothing.

    AdamW would make large steps of the smallest differences.
    """
    plain = Augmentation(area=(1, 1), ratio=(1, 1), flip=0, speed=(1, 1), brightness=0, contrast=0)
    for name, batch, accumulate in (("one", 4, 1), ("two", 2, 2)):
        wanted = settings(
            epochs=1,
            batch=batch,
            accumulate=accumulate,
            optimiser="rmsprop",
            augmentation=plain,
            balanced=False,
        )
        net = small("lite", size=(40, 40), seed=2, dropout=0.0, drop_path=0.0)
        train(net, wanted, tmp_path / name, cache=tmp_path / "cache")
    for name, tensor in weights(tmp_path / "one").items():
        torch.testing.assert_close(weights(tmp_path / "two")[name], tensor, rtol=1e-3, atol=1e-5)


def test_short_clips_are_given_more_pictures(net, settings, clips, tmp_path):
    """2.4 seconds, where the network was trained on 10: twice its rate, cuts from anywhere."""
    net.info = dataclasses.replace(net.info, clip_frames=25, fps=Fraction(5, 2))
    trained = train(copy.deepcopy(net), settings(), tmp_path / "fast", cache=tmp_path / "cache")
    assert trained.fps == 5
    assert read_info(trained.exported.path).fps == 5
    chosen = train(
        copy.deepcopy(net), settings(fps=2.5), tmp_path / "own", cache=tmp_path / "cache"
    )
    assert chosen.fps == Fraction(5, 2)
    linear = train(
        copy.deepcopy(net), settings("linear"), tmp_path / "linear", cache=tmp_path / "cache"
    )
    assert linear.fps == Fraction(5, 2)
    # Clips as long as half of what it was trained on are left as they are.
    net.info = dataclasses.replace(net.info, clip_frames=10)
    assert train(net, settings(), tmp_path / "long", cache=tmp_path / "cache").fps == Fraction(5, 2)


def test_what_the_network_knows_of_the_labels_is_kept(net, settings, tmp_path):
    """A second run on the same labels begins with the classifier of the first."""
    first = train(net, settings("linear"), tmp_path / "first", cache=tmp_path / "cache")
    known = load(first.folder / "weights.safetensors")
    still = settings("scratch", epochs=1, rate=1e-9, average=0.0)
    again = train(known, still, tmp_path / "again", cache=tmp_path / "cache")
    before, after = weights(first.folder), weights(again.folder)
    torch.testing.assert_close(after["head.classifier.weight"], before["head.classifier.weight"])


def test_the_background_is_in_the_file(net, settings, clips, tmp_path):
    trained = train(
        net, settings("linear", background="darker"), tmp_path / "run", cache=tmp_path / "cache"
    )
    assert read_info(trained.exported.path).background == "darker"
    # It stays in a network that is trained on, as long as there is such a label.
    known = load(trained.folder / "weights.safetensors")
    again = train(known, settings("linear"), tmp_path / "again", cache=tmp_path / "cache")
    assert read_info(again.exported.path).background == "darker"
    known.replace_classifier(2, ("a", "b"))
    assert known.info.background is None
    with pytest.raises(UsageError, match="the background 'nothing' is no label of"):
        train(net, settings("linear", background="nothing"), tmp_path / "no", cache=tmp_path / "c")


def test_weights_change_more_the_deeper_they_lie(settings, tmp_path):
    net = small("lite", size=(40, 40))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    train(net, settings(), tmp_path / "run", cache=tmp_path / "cache")
    after = weights(tmp_path / "run")

    def moved(name):
        return float((after[name] - before[name]).abs().mean())

    assert 0 < moved("stem.conv.weight") < moved("head.dense.weight")


class TestBadInput:
    def test_another_setting_is_named(self, net, settings, tmp_path):
        with pytest.raises(Killed):
            train(net, settings(), tmp_path / "r", cache=tmp_path / "c", watcher=KillAfter(1))
        with pytest.raises(UsageError, match="another seed: 0, now 5; choose another folder"):
            train(net, settings(seed=5), tmp_path / "r", cache=tmp_path / "c")
        with pytest.raises(UsageError, match=r"another quantised: 0\.0, now 0\.5; choose"):
            train(net, settings(quantised=0.5), tmp_path / "r", cache=tmp_path / "c")
        with pytest.raises(UsageError, match="another recipe: finetune, now scratch; choose"):
            train(net, settings("scratch"), tmp_path / "r", cache=tmp_path / "c")

    def test_a_finished_run_is_not_written_over(self, net, settings, tmp_path):
        train(net, settings("linear"), tmp_path / "r", cache=tmp_path / "c")
        with pytest.raises(UsageError, match="holds a finished run"):
            train(net, settings("linear"), tmp_path / "r", cache=tmp_path / "c")

    def test_a_loss_that_is_no_number(self, net, settings, tmp_path):
        with pytest.raises(ModelError, match=r"the loss is not a number in epoch 1: begin again"):
            train(net, settings(rate=1e30, epochs=9), tmp_path / "r", cache=tmp_path / "c")
        assert not (tmp_path / "r" / "model.tflite").exists()

    def test_a_loss_that_is_no_number_any_more(self, settings, tmp_path, monkeypatch):
        """What the epochs before it taught is kept."""
        whole = train(
            small("lite", size=(40, 40)),
            settings(epochs=1, warmup=1.0),
            tmp_path / "one",
            cache=tmp_path / "c",
        )
        learn = Trainer._learn

        def broken(trainer, clips, targets):
            if trainer.done:
                torch.nn.init.constant_(trainer.net.head.classifier.bias, math.nan)
            return learn(trainer, clips, targets)

        monkeypatch.setattr(Trainer, "_learn", broken)
        with pytest.raises(ModelError, match=r"in epoch 2; the weights of before are in .*\.safet"):
            train(
                small("lite", size=(40, 40)),
                settings(epochs=3, warmup=1 / 3),
                tmp_path / "r",
                cache=tmp_path / "c",
            )
        assert not (tmp_path / "r" / "model.tflite").exists()
        assert len(whole.epochs) == 1
        same(tmp_path / "one", tmp_path / "r")

    def test_a_base_network(self, settings, tmp_path):
        with pytest.raises(UsageError, match="base form cannot watch"):
            train(small("base"), settings(), tmp_path / "r")

    def test_one_class(self, net, settings, clips, tmp_path):
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "darker").symlink_to(clips / "darker")
        alone = dataclasses.replace(settings(), data=str(tmp_path / "data"))
        with pytest.raises(SourceError, match="class"):
            train(net, alone, tmp_path / "r", cache=tmp_path / "c")

    def test_a_checkpoint_that_is_damaged(self, net, settings, tmp_path):
        with pytest.raises(Killed):
            train(net, settings(), tmp_path / "r", cache=tmp_path / "c", watcher=KillAfter(1))
        (tmp_path / "r" / "checkpoint.pt").write_bytes(b"PK\x03\x04 no")
        with pytest.raises(ModelError, match="not a whole checkpoint"):
            train(net, settings(), tmp_path / "r", cache=tmp_path / "c")


def test_checkpoints_come_back(tmp_path):
    content = {"epoch": 3, "net": {"a": torch.ones(2)}}
    write_checkpoint(tmp_path / "x.pt", content)
    back = read_checkpoint(tmp_path / "x.pt")
    assert back["epoch"] == 3
    assert torch.equal(back["net"]["a"], torch.ones(2))
    with pytest.raises(ModelError, match="cannot read"):
        read_checkpoint(tmp_path / "none.pt")


def test_a_fit_separates_what_can_be_separated():
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(300) % 3
    rows = torch.randn(300, 20, generator=generator) + 3 * torch.nn.functional.one_hot(targets, 20)
    weight, bias = fit(Features(rows, targets), 3)
    assert (rows @ weight.T + bias).argmax(1).eq(targets).float().mean() > 0.95


def test_a_rare_class_is_not_forgotten():
    generator = torch.Generator().manual_seed(0)
    targets = torch.tensor([0] * 290 + [1] * 10)
    rows = torch.randn(300, 20, generator=generator) + 2 * targets[:, None]
    weight, bias = fit(Features(rows, targets), 2)
    said = (rows @ weight.T + bias).argmax(1)
    assert said[290:].float().mean() > 0.8


def test_a_unit_that_hardly_speaks_gets_no_huge_weight():
    """Of two features that tell the classes apart, one a thousand times smaller than the other."""
    torch.manual_seed(0)
    targets = torch.tensor([0, 1] * 50)
    rows = torch.randn(100, 8) + 2 * targets[:, None]
    rows[:, 0] *= 1e-3
    weight, bias = fit(Features(rows, targets), 2)
    assert (((rows @ weight.T + bias).argmax(1) == targets).float().mean()) > 0.9
    size = weight.abs()
    assert size[:, 0].max() < 25 * size[:, 1:].mean()
